import { Worker } from "node:worker_threads";
import type { LayerBlob, LayerStreamOptions } from "../../layer/layer-stream.ts";
import type { LayerReader } from "../layer-reader.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { type LayerRings, RemoteLayer, type UseTar } from "./remote-layer.ts";
import { clearRing, ringMemory } from "./ring.ts";

/** Run from its source the module ends in .ts, built in .js; so does its neighbour. */
const WORKER = new URL(`./worker${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url);

/** Chunks that a thread may be ahead of the next. */
const STORED_SLOTS = 2;
const TAR_SLOTS = 4;

/** What a byte costs to inflate, in units of what it costs to hash. */
const INFLATING_TO_HASHING = 2;

/**
 * Threads that layers are hashed and inflated in: what is the same work for every byte. Whatever decides anything stays
 * in this one: it hands out the stored bytes and reads the tar.
 */
export class WorkerPool implements LayerReader {
  readonly #workers: PooledWorker[];
  /** Of layers that are done. */
  readonly #rings: LayerRings[] = [];
  /** Stored bytes of all layers. */
  readonly #stored: number;
  #jobs = 0;

  constructor(count: number, layers: readonly LayerBlob[]) {
    this.#workers = Array.from({ length: count }, () => new PooledWorker());
    this.#stored = layers.reduce((sum, layer) => sum + layer.size, 0);
  }

  /** As readLayer does, in the threads that have the least to do. */
  async read<T>(blob: LayerBlob, options: LayerStreamOptions, use: UseTar<T>): Promise<T> {
    const id = this.#jobs++;
    const inflater = leastLoaded(this.#workers);
    inflater.load += INFLATING_TO_HASHING * blob.size;
    const hasher = this.#hasherFor(blob);
    if (hasher !== undefined) hasher.load += blob.size;
    const rings = this.#takeRings();
    const layer = new RemoteLayer({ id, blob, options, rings, inflater, hasher });
    inflater.layers.set(id, layer);
    hasher?.layers.set(id, layer);
    try {
      const result = await layer.serve(use);
      this.#rings.push(rings);
      return result;
    } finally {
      inflater.layers.delete(id);
      hasher?.layers.delete(id);
      inflater.load -= INFLATING_TO_HASHING * blob.size;
      if (hasher !== undefined) hasher.load -= blob.size;
      await layer.close();
    }
  }

  /** Once no job is running; what was stopped is given up. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  /**
   * Hashing is faster where the bytes have just come to be: in another thread only of a layer that outweighs all
   * others, when the threads would have nothing else to do before it ends.
   */
  #hasherFor(blob: LayerBlob): PooledWorker | undefined {
    if (2 * blob.size <= this.#stored) return undefined;
    return this.#workers.find((worker) => worker.load === 0);
  }

  #takeRings(): LayerRings {
    const used = this.#rings.pop();
    if (used === undefined) return { stored: ringMemory(STORED_SLOTS), tar: ringMemory(TAR_SLOTS) };
    clearRing(used.stored);
    clearRing(used.tar);
    return used;
  }
}

function leastLoaded(workers: readonly PooledWorker[]): PooledWorker {
  return workers.reduce((least, other) => (other.load < least.load ? other : least));
}

class PooledWorker {
  readonly #worker: Worker;
  readonly #exited: Promise<unknown>;
  /** Those it works for. */
  readonly layers = new Map<number, RemoteLayer>();
  load = 0;

  constructor() {
    this.#worker = new Worker(WORKER);
    this.#exited = new Promise((resolve) => this.#worker.on("exit", resolve));
    this.#worker.on("message", (message: FromWorker) => this.layers.get(message.id)?.hear(message));
    this.#worker.on("error", (error) => {
      for (const layer of this.layers.values()) layer.fail(error);
    });
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async close(): Promise<void> {
    this.post({ type: "exit" });
    await this.#exited;
  }
}
