import type { LayerStreamOptions } from "../../layer/layer-stream.ts";
import { STREAMS_IN_FLIGHT } from "../../output/arenas.ts";
import type { LayerBlob } from "../../source/source.ts";
import type { ToWorker } from "./protocol.ts";
import { type LayerRings, RemoteLayer, type UseTar } from "./remote-layer.ts";
import { clearRing, ringMemory } from "./ring.ts";
import { Thread } from "./thread.ts";

/** Chunks that a thread may be ahead of the next: fewer stored ones hold up the network, more are cold when read. */
const STORED_SLOTS = 8;
const TAR_SLOTS = 8;

/** Stored bytes that are as good as done. */
const NEARLY_NONE = 1 << 20;

/**
 * Threads that layers are hashed and inflated in: what is the same work for every byte. Whatever decides anything stays
 * in this one: it hands out the stored bytes and reads the tar.
 */
export class WorkerPool {
  readonly #workers: PooledWorker[];
  /** Of layers that are done. */
  readonly #rings: LayerRings[] = [];
  /** Stored bytes of all layers. */
  readonly #stored: number;
  readonly #layers: number;
  #inFlight = 0;
  #jobs = 0;

  /** @param module what a thread runs: worker.ts, or what comes to that */
  constructor(count: number, layers: readonly LayerBlob[], module: URL) {
    this.#workers = Array.from({ length: count }, () => new PooledWorker(module));
    this.#layers = layers.length;
    this.#stored = layers.reduce((sum, layer) => sum + layer.size, 0);
  }

  /** As readLayer does, in the threads that have the least to do. Throws E_INTERNAL, too, where one of them is gone. */
  async read<T>(blob: LayerBlob, options: LayerStreamOptions, use: UseTar<T>): Promise<T> {
    const id = this.#jobs++;
    this.#inFlight++;
    const inflater = leastLoaded(this.#workers);
    const hasher = this.#hasherFor(blob, inflater);
    const rings = this.#takeRings();
    const layer = new RemoteLayer({ id, blob, options, rings, inflater, hasher });
    inflater.take(id, layer);
    hasher?.take(id, layer);
    try {
      const result = await layer.serve(use);
      this.#rings.push(rings);
      return result;
    } finally {
      this.#inFlight--;
      inflater.layers.delete(id);
      hasher?.layers.delete(id);
      await layer.close();
    }
  }

  /** Once no job is running; what was stopped is given up. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  /**
   * Hashing is faster where the bytes have just come to be: another thread does it only if no layer is about to need
   * it, or for a layer that outweighs all others, which goes on when they have ended. Of a tar that is stored as it is
   * one digest says all.
   */
  #hasherFor(blob: LayerBlob, inflater: PooledWorker): PooledWorker | undefined {
    if (blob.digest === blob.diffId) return undefined;
    const idle = this.#workers.filter((worker) => worker !== inflater && worker.layers.size === 0);
    const soon = Math.min(STREAMS_IN_FLIGHT - this.#inFlight, this.#layers - this.#jobs);
    return idle.length > soon || 2 * blob.size > this.#stored ? idle[0] : undefined;
  }

  #takeRings(): LayerRings {
    const used = this.#rings.pop();
    if (used === undefined) return { stored: ringMemory(STORED_SLOTS), tar: ringMemory(TAR_SLOTS) };
    clearRing(used.stored);
    clearRing(used.tar);
    return used;
  }
}

/**
 * Layers advance together, for they are served their places in turn: a thread that has more of them is the one that the
 * others wait for. Those that are nearly done do not count.
 */
function leastLoaded(workers: readonly PooledWorker[]): PooledWorker {
  return workers.reduce((least, other) => {
    const fewer = other.layersToDo - least.layersToDo;
    return fewer < 0 || (fewer === 0 && other.bytesToDo < least.bytesToDo) ? other : least;
  });
}

class PooledWorker {
  readonly #thread: Thread;
  /** Those it works for. */
  readonly layers = new Map<number, RemoteLayer>();

  constructor(module: URL) {
    this.#thread = new Thread(
      module,
      (message) => this.layers.get(message.id)?.hear(message),
      (reason) => {
        for (const layer of this.layers.values()) layer.fail(reason);
      },
    );
  }

  /** Works for a layer from now on. */
  take(id: number, layer: RemoteLayer): void {
    this.layers.set(id, layer);
    if (this.#thread.end !== undefined) layer.fail(this.#thread.end);
  }

  get layersToDo(): number {
    return [...this.layers.values()].filter(({ left }) => left > NEARLY_NONE).length;
  }

  get bytesToDo(): number {
    return [...this.layers.values()].reduce((sum, { left }) => sum + left, 0);
  }

  post(message: ToWorker): void {
    this.#thread.post(message);
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}
