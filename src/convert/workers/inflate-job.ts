import { Docker2vmError } from "../../errors.ts";
import {
  inflateLayer,
  type LayerBlob,
  type LayerStreamOptions,
  readLayer,
} from "../../layer/layer-stream.ts";
import { giveBack, takeChunk } from "../../memory/chunks.ts";
import { type FromWorker, received, sendable, type TarChunk, type ToInflater } from "./protocol.ts";
import { transferable } from "./transfer.ts";

/** Chunks of the tar that are under way to their reader, or waiting there. */
const WINDOW = 5;

type Post = (message: FromWorker, transfer?: ArrayBuffer[]) => void;
type Send = (bytes: Uint8Array | undefined, transfer: ArrayBuffer[]) => void;
type Start = Extract<ToInflater, { type: "inflate" }>;

/** Checks and inflates one layer's stored bytes, and hashes the tar unless another thread does. */
export class InflateJob {
  readonly #start: Start;
  readonly #post: Post;
  readonly #stop = new AbortController();
  /** Why the reader of the tar gave up. */
  #rejection: Error | undefined;
  #stored: { resolve(bytes: Uint8Array | undefined): void; reject(error: unknown): void } | undefined;
  #unused = 0;
  #wake: () => void = () => undefined;

  constructor(start: Start, post: Post) {
    this.#start = start;
    this.#post = post;
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
      await this.#readLayer(opened, options);
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
      case "used":
        this.#unused--;
        if (message.chunk !== undefined) giveBack(message.chunk);
        this.#wake();
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
    this.#start.hasher?.close();
  }

  /** Hashes the tar as well, if nobody else is to. */
  async #readLayer(blob: LayerBlob, options: LayerStreamOptions): Promise<void> {
    const { id, hasher } = this.#start;
    if (hasher === undefined) {
      const send: Send = (bytes, transfer) => this.#post({ type: "tar", id, bytes }, transfer);
      await readLayer(blob, options, (tar) => this.#give(tar, send));
      return;
    }
    await inflateLayer(blob, options, (tar, { isChecked }) => {
      const send: Send = (bytes, transfer) =>
        hasher.postMessage({ bytes, isChecked } satisfies TarChunk, transfer);
      return this.#give(tar, send);
    });
  }

  /** The stored bytes; the next chunk is on its way while one is used. */
  async *#chunks(): AsyncGenerator<Uint8Array> {
    let spent: Uint8Array | undefined;
    let next = this.#read(spent);
    for (let bytes = await next; bytes !== undefined; bytes = await next) {
      next = this.#read(spent);
      // Its failure counts when it is asked for, not when nobody listens yet.
      next.catch(() => undefined);
      yield bytes;
      // Of a tar that is stored as it is, it has gone on; another comes back for it.
      spent = bytes.length > 0 ? bytes : takeChunk();
    }
  }

  #read(spent: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#stored = { resolve, reject };
      this.#post({ type: "read", id: this.#start.id, spent }, spent && transferable(spent)[1]);
    });
  }

  /** Sends the tar on; resolves when its reader has used all of it. Throws why that one gave up. */
  async #give(tar: AsyncIterable<Uint8Array>, send: Send): Promise<void> {
    for await (const chunk of tar) {
      await this.#unusedAtMost(WINDOW - 1);
      this.#unused++;
      send(...transferable(chunk));
    }
    this.#unused++;
    send(undefined, []);
    await this.#unusedAtMost(0);
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
