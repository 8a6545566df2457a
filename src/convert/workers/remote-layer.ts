import { MessageChannel, type MessagePort } from "node:worker_threads";
import { assert } from "../../errors.ts";
import { type LayerBlob, type LayerStreamOptions, layerName } from "../../layer/layer-stream.ts";
import { giveBack } from "../../memory/chunks.ts";
import { type FromWorker, received, sendable, type ToWorker } from "./protocol.ts";
import { transferable } from "./transfer.ts";

export type UseTar<T> = (tar: AsyncIterable<Uint8Array>) => Promise<T>;

/** A thread to be spoken to. */
interface Thread {
  post(message: ToWorker, transfer?: readonly (ArrayBuffer | MessagePort)[]): void;
}

interface Setting {
  readonly id: number;
  readonly blob: LayerBlob;
  readonly options: LayerStreamOptions;
  readonly inflater: Thread;
  /** Another thread that hashes what comes out; without it the inflater does. */
  readonly hasher: Thread | undefined;
}

/** How a layer ended in its threads; "rejected": its reader knows why. */
type Outcome = "done" | "rejected" | { readonly failure: unknown };

/** One layer that threads work on, seen from the conversion's. */
export class RemoteLayer {
  readonly #setting: Setting;
  readonly #stored: AsyncIterator<Uint8Array>;
  readonly #tar: (Uint8Array | undefined)[] = [];
  #outcome: Outcome | undefined;
  #wake: () => void = () => undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#stored = setting.blob.open(setting.options.signal)[Symbol.asyncIterator]();
  }

  /** Has `use` read the tar, and returns its result once every check has held. */
  async serve<T>(use: UseTar<T>): Promise<T> {
    const { signal } = this.#setting.options;
    const stop = (): void => this.#end({ failure: signal?.reason });
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    this.#start();
    try {
      return await this.#serve(use);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async hear(message: FromWorker): Promise<void> {
    switch (message.type) {
      case "read":
        if (message.spent !== undefined) giveBack(message.spent);
        await this.#sendStored();
        break;
      case "tar":
        this.#tar.push(message.bytes);
        this.#wake();
        break;
      case "warning":
        this.#setting.options.onWarning?.(message.message);
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

  /** Lets the threads forget it. */
  async close(): Promise<void> {
    const { id, inflater, hasher } = this.#setting;
    inflater.post({ type: "stop", id });
    hasher?.post({ type: "drop", id });
    await this.#stored.return?.();
  }

  #start(): void {
    const { id, blob, options, inflater, hasher } = this.#setting;
    const { open: _, ...described } = blob;
    const job = { type: "inflate", id, blob: described, inflate: options.inflate } as const;
    if (hasher === undefined) {
      inflater.post({ ...job, hasher: undefined });
      return;
    }
    const { port1, port2 } = new MessageChannel();
    hasher.post({ type: "hash", id, blob: described, inflater: port1 }, [port1]);
    inflater.post({ ...job, hasher: port2 }, [port2]);
  }

  async #serve<T>(use: UseTar<T>): Promise<T> {
    const { id, blob, inflater } = this.#setting;
    try {
      const result = await use(this.#chunks());
      const outcome = await this.#ended();
      assert(outcome === "done", `${layerName(blob)} was not read to its end`);
      return result;
    } catch (error) {
      if (this.#outcome === undefined) inflater.post({ type: "rejected", id, error: sendable(error) });
      await this.#ended();
      throw error;
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    const { id, inflater } = this.#setting;
    for (;;) {
      while (this.#tar.length === 0 && this.#outcome === undefined) await this.#change();
      if (typeof this.#outcome === "object") throw this.#outcome.failure;
      const chunk = this.#tar.shift();
      if (chunk !== undefined) yield chunk;
      inflater.post({ type: "used", id, chunk }, chunk && transferable(chunk)[1]);
      if (chunk === undefined) return;
    }
  }

  /** Throws what failed in the threads. */
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
    const { id, options, inflater } = this.#setting;
    try {
      const next = await this.#stored.next();
      if (next.done === true) inflater.post({ type: "stored", id, bytes: undefined });
      else {
        options.onStored?.(next.value.length);
        const [bytes, transfer] = transferable(next.value);
        inflater.post({ type: "stored", id, bytes }, transfer);
      }
    } catch (error) {
      inflater.post({ type: "unreadable", id, error: sendable(error) });
    }
  }
}
