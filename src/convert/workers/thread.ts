import { Worker } from "node:worker_threads";
import type { FromWorker, ToWorker } from "./protocol.ts";
import type { RemoteLayer } from "./remote-layer.ts";

/** Run from its source the module ends in .ts, built in .js; so does its neighbour. */
const WORKER = new URL(`./worker${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url);

/** Stored bytes that are as good as done. */
const NEARLY_NONE = 1 << 20;

/** A thread, and the layers that it works for. */
export class LayerThread {
  readonly #worker: Worker;
  readonly #exited: Promise<unknown>;
  readonly #layers = new Map<number, RemoteLayer>();
  /** Why it works no more. */
  #failure: { readonly error: unknown } | undefined;

  constructor() {
    this.#worker = new Worker(WORKER);
    this.#exited = new Promise((resolve) => this.#worker.on("exit", resolve));
    this.#worker.on("message", (message: FromWorker) => this.#layers.get(message.id)?.hear(message));
    this.#worker.on("error", (error) => {
      this.#failure = { error };
      for (const layer of this.#layers.values()) layer.fail(error);
    });
  }

  get isIdle(): boolean {
    return this.#layers.size === 0;
  }

  get layersToDo(): number {
    return [...this.#layers.values()].filter(({ left }) => left > NEARLY_NONE).length;
  }

  get bytesToDo(): number {
    return [...this.#layers.values()].reduce((sum, { left }) => sum + left, 0);
  }

  /** Has the layer hear what is said of it by this number. */
  take(id: number, layer: RemoteLayer): void {
    this.#layers.set(id, layer);
    if (this.#failure !== undefined) layer.fail(this.#failure.error);
  }

  drop(id: number): void {
    this.#layers.delete(id);
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async close(): Promise<void> {
    this.post({ type: "exit" });
    await this.#exited;
  }
}
