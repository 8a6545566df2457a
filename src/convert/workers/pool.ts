import { type MessagePort, Worker } from "node:worker_threads";
import type { LayerBlob, LayerStreamOptions } from "../../layer/layer-stream.ts";
import type { LayerReader } from "../layer-reader.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { RemoteLayer, type UseTar } from "./remote-layer.ts";

/** Run from its source the module ends in .ts, built in .js; so does its neighbour. */
const WORKER = new URL(`./worker${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url);

/** What a byte costs to inflate, in units of what it costs to hash. */
const INFLATING_TO_HASHING = 2;

/**
 * Threads that layers are hashed and inflated in: what is the same work for every byte. Whatever decides anything stays
 * in this one: it hands out the stored bytes and reads the tar.
 */
export class WorkerPool implements LayerReader {
  readonly #workers: PooledWorker[];
  #jobs = 0;

  constructor(count: number) {
    this.#workers = Array.from({ length: count }, () => new PooledWorker());
  }

  /** As readLayer does, in the threads that have the least to do. */
  async read<T>(blob: LayerBlob, options: LayerStreamOptions, use: UseTar<T>): Promise<T> {
    const id = this.#jobs++;
    const inflater = leastLoaded(this.#workers);
    inflater.load += INFLATING_TO_HASHING * blob.size;
    // Hashing is faster where the bytes have just come to be; but a core with nothing to do gains more.
    const hasher = this.#workers.find((worker) => worker.load === 0);
    if (hasher !== undefined) hasher.load += blob.size;
    const layer = new RemoteLayer({ id, blob, options, inflater, hasher });
    inflater.layers.set(id, layer);
    hasher?.layers.set(id, layer);
    try {
      return await layer.serve(use);
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
    this.#worker.on("message", (message: FromWorker) => void this.layers.get(message.id)?.hear(message));
    this.#worker.on("error", (error) => {
      for (const layer of this.layers.values()) layer.fail(error);
    });
  }

  post(message: ToWorker, transfer: readonly (ArrayBuffer | MessagePort)[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  async close(): Promise<void> {
    this.post({ type: "exit" });
    await this.#exited;
  }
}
