import type { PieceReader } from "../../cache/checked-file.ts";
import type { LayerStreamOptions } from "../../layer/layer-stream.ts";
import { STREAMS_IN_FLIGHT } from "../../output/arenas.ts";
import type { LayerBlob } from "../../source/source.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { type LayerRings, RemoteLayer, type UseTar } from "./remote-layer.ts";
import { RemotePieces } from "./remote-pieces.ts";
import { clearRing, ringMemory } from "./ring.ts";
import { Thread } from "./thread.ts";

/** Chunks that a thread may be ahead of the next: fewer stored ones hold up the network, more are cold when read. */
const STORED_SLOTS = 8;
const TAR_SLOTS = 4;
/** Of a tar whose chunks are held until a disk has them. */
const HELD_SLOTS = 8;

/** Stored bytes that are as good as done. */
const NEARLY_NONE = 1 << 20;

/**
 * Threads that layers are hashed and inflated in, and read from where they are kept: what is the same work for every
 * byte. Whatever decides anything stays in this one: it hands out the stored bytes and reads the tar.
 */
export class WorkerPool {
  readonly #workers: PooledWorker[];
  /** Of layers that are done. */
  readonly #rings: LayerRings[] = [];
  /** Stored bytes of all layers. */
  readonly #stored: number;
  readonly #layers: number;
  readonly #tarSlots: number;
  #inFlight = 0;
  /** Of those, that were begun. */
  #begun = 0;
  #ids = 0;

  /**
   * @param module what a thread runs: worker.ts, or what comes to that
   * @param isHeld whether chunks of tars are held longer than to the next
   */
  constructor(count: number, layers: readonly LayerBlob[], module: URL, isHeld = false) {
    this.#workers = Array.from({ length: count }, () => new PooledWorker(module));
    this.#layers = layers.length;
    this.#tarSlots = isHeld ? HELD_SLOTS : TAR_SLOTS;
    this.#stored = layers.reduce((sum, layer) => sum + layer.size, 0);
  }

  /** As readLayer does, in the threads that have the least to do. Throws E_INTERNAL, too, where one of them is gone. */
  async read<T>(blob: LayerBlob, options: LayerStreamOptions, use: UseTar<T>): Promise<T> {
    const id = this.#ids++;
    this.#begun++;
    this.#inFlight++;
    const inflater = leastLoaded(this.#workers);
    const hasher = this.#hasherFor(blob, inflater);
    // What lies in a file a thread reads by itself.
    const rings = this.#takeRings(blob.place === undefined ? STORED_SLOTS : 0);
    const layer = new RemoteLayer({ id, blob, options, rings, inflater, hasher });
    inflater.take(id, layer);
    hasher?.take(id, layer);
    try {
      const result = await layer.serve(use);
      void layer.released().then(() => this.#rings.push(rings));
      return result;
    } finally {
      this.#inFlight--;
      inflater.jobs.delete(id);
      hasher?.jobs.delete(id);
      await layer.close();
    }
  }

  /** As checkedPieces does. Throws E_INTERNAL, too, where the thread is gone. */
  readonly pieces: PieceReader = (fd, name) => this.#pieces(fd, name);

  /** Once no job is running; what was stopped is given up. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  async *#pieces(fd: number, name: string): AsyncGenerator<Buffer> {
    const id = this.#ids++;
    const thread = leastLoaded(this.#workers);
    const rings = this.#takeRings(0);
    const file = new RemotePieces({ id, fd, name, ring: rings.tar, thread });
    thread.take(id, file);
    try {
      yield* file.pieces();
      this.#rings.push(rings);
    } finally {
      thread.jobs.delete(id);
    }
  }

  /**
   * Hashing is faster where the bytes have just come to be: another thread does it only if no layer is about to need
   * it, or for a layer that outweighs all others, which goes on when they have ended. Of a tar that is stored as it is
   * one digest says all.
   */
  #hasherFor(blob: LayerBlob, inflater: PooledWorker): PooledWorker | undefined {
    if (blob.digest === blob.diffId) return undefined;
    const idle = this.#workers.filter((worker) => worker !== inflater && worker.jobs.size === 0);
    const soon = Math.min(STREAMS_IN_FLIGHT - this.#inFlight, this.#layers - this.#begun);
    return idle.length > soon || 2 * blob.size > this.#stored ? idle[0] : undefined;
  }

  /**
   * Memory that nobody touches costs nothing, but a garbage collector that hears of it lets as much pile up before it
   * begins.
   */
  #takeRings(storedSlots: number): LayerRings {
    const used = this.#rings.findIndex(({ slots }) => slots === storedSlots);
    const [rings] = used < 0 ? [] : this.#rings.splice(used, 1);
    if (rings === undefined)
      return { slots: storedSlots, stored: ringMemory(storedSlots), tar: ringMemory(this.#tarSlots) };
    clearRing(rings.stored);
    clearRing(rings.tar);
    return rings;
  }
}

/**
 * Layers advance together, for they are served their places in turn: a thread that has more of them is the one that the
 * others wait for. Those that are nearly done do not count.
 */
function leastLoaded(workers: readonly PooledWorker[]): PooledWorker {
  return workers.reduce((least, other) => {
    const fewer = other.layersToDo - least.layersToDo;
    const less = fewer || other.bytesToDo - least.bytesToDo || other.jobs.size - least.jobs.size;
    return less < 0 ? other : least;
  });
}

/** What a thread does, seen from the conversion's. */
interface Job {
  /** Stored bytes that it has not had yet. */
  readonly left: number;
  hear(message: FromWorker): void;
  fail(reason: unknown): void;
}

class PooledWorker {
  readonly #thread: Thread;
  /** Those it works for. */
  readonly jobs = new Map<number, Job>();

  constructor(module: URL) {
    this.#thread = new Thread(
      module,
      (message) => this.jobs.get(message.id)?.hear(message),
      (reason) => {
        for (const job of this.jobs.values()) job.fail(reason);
      },
    );
  }

  /** Works for it from now on. */
  take(id: number, job: Job): void {
    this.jobs.set(id, job);
    if (this.#thread.end !== undefined) job.fail(this.#thread.end);
  }

  get layersToDo(): number {
    return [...this.jobs.values()].filter(({ left }) => left > NEARLY_NONE).length;
  }

  get bytesToDo(): number {
    return [...this.jobs.values()].reduce((sum, { left }) => sum + left, 0);
  }

  post(message: ToWorker): void {
    this.#thread.post(message);
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}
