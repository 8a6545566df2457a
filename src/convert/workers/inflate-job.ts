import { Docker2vmError } from "../../errors.ts";
import { type DiffIdState, inflateLayer } from "../../layer/layer-stream.ts";
import { type FromWorker, received, sendable, type TarChunk, type ToInflater } from "./protocol.ts";
import { release, transferable } from "./transfer.ts";

/** Chunks of the tar that are under way to their reader, or waiting there. */
const WINDOW = 5;

type Start = Extract<ToInflater, { type: "inflate" }>;

/** Checks and inflates one layer's stored bytes. */
export class InflateJob {
  readonly #start: Start;
  readonly #post: (message: FromWorker) => void;
  readonly #stop = new AbortController();
  /** Why the reader of the tar gave up. */
  #rejection: Error | undefined;
  #stored: { resolve(bytes: Uint8Array | undefined): void; reject(error: unknown): void } | undefined;
  #unused = 0;
  #wake: () => void = () => undefined;

  constructor(start: Start, post: (message: FromWorker) => void) {
    this.#start = start;
    this.#post = post;
    start.hasher.on("message", () => {
      this.#unused--;
      this.#wake();
    });
  }

  /** Never fails: what goes wrong is told to the conversion's thread. */
  async run(): Promise<void> {
    const { id, blob, inflate } = this.#start;
    const options = {
      inflate,
      signal: this.#stop.signal,
      onWarning: (message: string): void => this.#post({ type: "warning", id, message }),
    };
    const opened = { ...blob, open: () => this.#chunks() };
    try {
      await inflateLayer(opened, options, (tar, diffId) => this.#give(tar, diffId));
      this.#post({ type: "done", id });
    } catch (error) {
      // The reader knows its own reason better than any copy of it.
      this.#post({ type: "failed", id, error: error === this.#rejection ? undefined : sendable(error) });
    }
    this.close();
  }

  hear(message: Exclude<ToInflater, Start>): void {
    switch (message.type) {
      case "stored":
        this.#stored?.resolve(message.bytes);
        break;
      case "unreadable":
        this.#stored?.reject(received(message.error));
        break;
      case "rejected":
        this.#rejection = received(message.error);
        this.#wake();
        break;
      case "stop":
        this.#rejection = new Docker2vmError("E_INTERRUPTED", "the conversion was stopped");
        this.#stop.abort(this.#rejection);
        this.#wake();
    }
  }

  close(): void {
    this.#start.hasher.close();
  }

  /** The stored bytes; the next chunk is on its way while one is used. */
  async *#chunks(): AsyncGenerator<Uint8Array> {
    let next = this.#read();
    for (let bytes = await next; bytes !== undefined; bytes = await next) {
      next = this.#read();
      // Its failure counts when it is asked for, not when nobody listens yet.
      next.catch(() => undefined);
      yield bytes;
      release(bytes);
    }
  }

  #read(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#stored = { resolve, reject };
      this.#post({ type: "read", id: this.#start.id });
    });
  }

  /** Sends the tar on; resolves when its reader has used all of it. Throws why that one gave up. */
  async #give(tar: AsyncIterable<Uint8Array>, { isChecked }: DiffIdState): Promise<void> {
    for await (const chunk of tar) {
      await this.#unusedAtMost(WINDOW - 1);
      const [bytes, transfer] = transferable(chunk);
      this.#send({ bytes, isChecked }, transfer);
    }
    this.#send({ bytes: undefined, isChecked }, []);
    await this.#unusedAtMost(0);
  }

  #send(chunk: TarChunk, transfer: ArrayBuffer[]): void {
    this.#unused++;
    this.#start.hasher.postMessage(chunk, transfer);
  }

  async #unusedAtMost(count: number): Promise<void> {
    while (this.#unused > count && this.#rejection === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#rejection !== undefined) throw this.#rejection;
  }
}
