import { Worker } from "node:worker_threads";
import { assert } from "../../errors.ts";
import { type LayerBlob, type LayerStreamOptions, layerName } from "../../layer/layer-stream.ts";
import type { LayerReader } from "../layer-reader.ts";
import { type FromWorker, received, sendable, type ToWorker } from "./protocol.ts";
import { transferable } from "./transfer.ts";

/** Run from its source the module ends in .ts, built in .js; so does its neighbour. */
const WORKER = new URL(`./worker${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url);

type UseTar<T> = (tar: AsyncIterable<Uint8Array>) => Promise<T>;

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

  /** As readLayer does, in the thread that has the least to do. */
  read<T>(blob: LayerBlob, options: LayerStreamOptions, use: UseTar<T>): Promise<T> {
    const worker = this.#workers.reduce((least, other) => (other.load < least.load ? other : least));
    return worker.read(this.#jobs++, blob, options, use);
  }

  /** Once no job is running; what was stopped is given up. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }
}

class PooledWorker {
  readonly #worker: Worker;
  readonly #desks = new Map<number, Desk>();
  readonly #exited: Promise<unknown>;

  constructor() {
    this.#worker = new Worker(WORKER);
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

  async read<T>(id: number, blob: LayerBlob, options: LayerStreamOptions, use: UseTar<T>): Promise<T> {
    const { signal } = options;
    const post = (message: ToWorker, transfer: ArrayBuffer[] = []): void =>
      this.#worker.postMessage(message, transfer);
    const desk = new Desk(id, blob, options, post);
    this.#desks.set(id, desk);
    const stop = (): void => desk.stop(signal?.reason);
    signal?.addEventListener("abort", stop);
    try {
      const { open: _, ...described } = blob;
      post({ type: "start", id, blob: described, inflate: options.inflate });
      if (signal?.aborted) stop();
      return await desk.serve(use);
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#desks.delete(id);
      await desk.close();
    }
  }

  async close(): Promise<void> {
    this.#worker.postMessage({ type: "exit" } satisfies ToWorker);
    await this.#exited;
  }
}

/** How a layer ended in its thread. */
type Outcome = "done" | "rejected" | { readonly failure: unknown };

/** One layer's dealings with its thread. */
class Desk {
  readonly #id: number;
  readonly #blob: LayerBlob;
  readonly #options: LayerStreamOptions;
  readonly #post: (message: ToWorker, transfer?: ArrayBuffer[]) => void;
  readonly #stored: AsyncIterator<Uint8Array>;
  readonly #tar: (Uint8Array | undefined)[] = [];
  #outcome: Outcome | undefined;
  #wake: () => void = () => undefined;

  constructor(
    id: number,
    blob: LayerBlob,
    options: LayerStreamOptions,
    post: (message: ToWorker, transfer?: ArrayBuffer[]) => void,
  ) {
    this.#id = id;
    this.#blob = blob;
    this.#options = options;
    this.#post = post;
    this.#stored = blob.open(options.signal)[Symbol.asyncIterator]();
  }

  get size(): number {
    return this.#blob.size;
  }

  /** Has `use` read the tar, and returns its result once every check has held. */
  async serve<T>(use: UseTar<T>): Promise<T> {
    try {
      const result = await use(this.#chunks());
      const outcome = await this.#ended();
      assert(outcome === "done", `${layerName(this.#blob)} was not read to its end`);
      return result;
    } catch (error) {
      if (this.#outcome === undefined) this.#post({ type: "rejected", id: this.#id, error: sendable(error) });
      await this.#ended();
      throw error;
    }
  }

  async hear(message: FromWorker): Promise<void> {
    switch (message.type) {
      case "read":
        await this.#sendStored();
        break;
      case "tar":
        this.#tar.push(message.bytes);
        this.#wake();
        break;
      case "warning":
        this.#options.onWarning?.(message.message);
        break;
      case "done":
        this.#end("done");
        break;
      case "failed":
        this.#end(message.error === undefined ? "rejected" : { failure: received(message.error) });
    }
  }

  fail(error: unknown): void {
    this.#end({ failure: error });
  }

  stop(reason: unknown): void {
    this.#post({ type: "stop", id: this.#id });
    this.#end({ failure: reason });
  }

  async close(): Promise<void> {
    await this.#stored.return?.();
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (this.#tar.length === 0 && this.#outcome === undefined) await this.#change();
      if (typeof this.#outcome === "object") throw this.#outcome.failure;
      const chunk = this.#tar.shift();
      if (chunk !== undefined) yield chunk;
      this.#post({ type: "used", id: this.#id });
      if (chunk === undefined) return;
    }
  }

  /** Throws what failed in the thread. */
  async #ended(): Promise<Outcome> {
    while (this.#outcome === undefined) await this.#change();
    if (typeof this.#outcome === "object") throw this.#outcome.failure;
    return this.#outcome;
  }

  #end(outcome: Outcome): void {
    this.#outcome ??= outcome;
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #sendStored(): Promise<void> {
    const id = this.#id;
    try {
      const next = await this.#stored.next();
      if (next.done === true) this.#post({ type: "stored", id, bytes: undefined });
      else {
        this.#options.onStored?.(next.value.length);
        const [bytes, transfer] = transferable(next.value);
        this.#post({ type: "stored", id, bytes }, transfer);
      }
    } catch (error) {
      this.#post({ type: "unreadable", id, error: sendable(error) });
    }
  }
}
