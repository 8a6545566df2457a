import { Worker } from "node:worker_threads";
import { Docker2vmError } from "../../errors.ts";
import { replayBatch } from "../../layer/entry-batch.ts";
import type { Run } from "../../output/blocks.ts";
import type { LayerJob } from "../layer-job.ts";
import { type FromWorker, received, sendable, type ToWorker, type WorkerSetup } from "./protocol.ts";

/** Run from its source the module ends in .ts, built in .js; so does its neighbour. */
const WORKER = new URL(`./worker${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url);

type PoolJob = Omit<LayerJob, "sink" | "delivered">;

/**
 * Threads that layers are brought in by. What decides anything stays in this one: it hands out stored bytes and arenas
 * and takes the entries; the threads hash, inflate, read the tar and write contents into the image.
 */
export class WorkerPool {
  readonly #workers: PooledWorker[];
  #jobs = 0;

  constructor(count: number, imagePath: string) {
    this.#workers = Array.from({ length: count }, () => new PooledWorker({ imagePath }));
  }

  /** As runLayer does, in the thread that has the least to do. */
  run(job: PoolJob): Promise<readonly Run[]> {
    const [worker] = this.#workers.toSorted((a, b) => a.load - b.load);
    if (worker === undefined)
      throw new Docker2vmError("E_INTERNAL", "internal error: a pool without workers");
    return worker.run(this.#jobs++, job);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }
}

class PooledWorker {
  readonly #worker: Worker;
  readonly #desks = new Map<number, Desk>();
  readonly #exited: Promise<unknown>;

  constructor(setup: WorkerSetup) {
    this.#worker = new Worker(WORKER, { workerData: setup });
    this.#exited = new Promise((resolve) => this.#worker.on("exit", resolve));
    this.#worker.on("message", (message: FromWorker) => void this.#desks.get(message.id)?.hear(message));
    this.#worker.on("error", (error) => {
      for (const desk of this.#desks.values()) desk.fail(error);
    });
  }

  /** Stored bytes of the jobs in hand. */
  get load(): number {
    return [...this.#desks.values()].reduce((sum, desk) => sum + desk.size, 0);
  }

  async run(id: number, job: PoolJob): Promise<readonly Run[]> {
    const { index, digest, diffId, size, mediaType } = job.blob;
    const post = (message: ToWorker, transfer: ArrayBuffer[] = []): void =>
      this.#worker.postMessage(message, transfer);
    const desk = new Desk(id, job, post);
    this.#desks.set(id, desk);
    const stop = (): void => post({ type: "stop", id });
    job.signal.addEventListener("abort", stop);
    try {
      post({ type: "start", id, blob: { index, digest, diffId, size, mediaType }, inflate: job.inflate });
      if (job.signal.aborted) stop();
      return await desk.result;
    } catch (error) {
      job.signal.throwIfAborted();
      throw error;
    } finally {
      job.signal.removeEventListener("abort", stop);
      this.#desks.delete(id);
      await desk.close();
    }
  }

  async close(): Promise<void> {
    this.#worker.postMessage({ type: "exit" } satisfies ToWorker);
    await this.#exited;
  }
}

/** Answers what the worker asks for one layer. */
class Desk {
  readonly result: Promise<readonly Run[]>;
  readonly #id: number;
  readonly #job: PoolJob;
  readonly #post: (message: ToWorker, transfer?: ArrayBuffer[]) => void;
  readonly #stored: AsyncIterator<Uint8Array>;
  #succeed: (written: readonly Run[]) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(id: number, job: PoolJob, post: (message: ToWorker, transfer?: ArrayBuffer[]) => void) {
    this.#id = id;
    this.#job = job;
    this.#post = post;
    this.#stored = job.blob.open(job.signal)[Symbol.asyncIterator]();
    this.result = new Promise((resolve, reject) => {
      this.#succeed = resolve;
      this.#fail = reject;
    });
  }

  get size(): number {
    return this.#job.blob.size;
  }

  async hear(message: FromWorker): Promise<void> {
    if (message.type === "done") this.#succeed(message.written);
    else if (message.type === "failed") this.#fail(received(message.error));
    else if (message.type === "warning") this.#job.onWarning(message.message);
    else {
      await this.#answer(message).catch((error: unknown) => {
        this.#post({ type: "refused", id: this.#id, question: message.type, error: sendable(error) });
      });
    }
  }

  fail(error: unknown): void {
    this.#fail(error);
  }

  async close(): Promise<void> {
    await this.#stored.return?.();
  }

  async #answer(question: Extract<FromWorker, { type: "read" | "take" | "entries" }>): Promise<void> {
    const id = this.#id;
    if (question.type === "take") {
      this.#post({ type: "arena", id, runs: await this.#job.nextArena() });
    } else if (question.type === "entries") {
      replayBatch(question.batch, this.#job.target);
      this.#post({ type: "delivered", id });
    } else {
      const next = await this.#stored.next();
      if (next.done === true) this.#post({ type: "chunk", id, bytes: undefined });
      else this.#sendChunk(next.value);
    }
  }

  #sendChunk(bytes: Uint8Array): void {
    this.#job.onStored?.(bytes.length);
    const { buffer } = bytes;
    // A whole buffer changes hands; a part of one is copied, for others may look at the rest.
    const whole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
    this.#post({ type: "chunk", id: this.#id, bytes }, whole ? [buffer] : []);
  }
}
