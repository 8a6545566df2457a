import { assert, Docker2vmError } from "../../errors.ts";
import {
  inflateLayer,
  type LayerBlob,
  type LayerStreamOptions,
  readLayer,
} from "../../layer/layer-stream.ts";
import { CHUNK_SIZE } from "../../memory/chunks.ts";
import type { FilePlace } from "../../source/file-place.ts";
import { readPlace } from "../../source/folder-store.ts";
import { type FromWorker, received, sendable, type ToInflater } from "./protocol.ts";
import { RingReader, RingWriter } from "./ring.ts";

/** Stored bytes that are read before the conversion's thread hears of them. */
const BYTES_PER_REPORT = 4 << 20;

type Post = (message: FromWorker) => void;
type Start = Extract<ToInflater, { type: "inflate" }>;

/** Checks and inflates one layer's stored bytes, and hashes the tar unless another thread does. */
export class InflateJob {
  readonly #start: Start;
  readonly #post: Post;
  readonly #stored: RingReader;
  readonly #tar: RingWriter;
  readonly #stop = new AbortController();
  /** Why nobody wants the tar any more. */
  #rejection: Error | undefined;
  /** Why not all stored bytes come. */
  #reason: Error | undefined;
  /** Resolves with that, which may be heard after they have ended. */
  readonly #unreadable: Promise<Error>;
  #giveReason: (reason: Error) => void = () => undefined;

  constructor(start: Start, post: Post) {
    this.#start = start;
    this.#post = post;
    this.#stored = new RingReader(start.stored);
    this.#tar = new RingWriter(start.tar, start.isHashedElsewhere ? 2 : 1);
    this.#unreadable = new Promise((resolve) => {
      this.#giveReason = (reason) => {
        this.#reason ??= reason;
        resolve(reason);
      };
    });
  }

  /** Never fails: what goes wrong is told to the conversion's thread. */
  async run(): Promise<void> {
    const { id, blob, inflate } = this.#start;
    const options: LayerStreamOptions = {
      inflate,
      signal: this.#stop.signal,
      onWarning: (message) => this.#post({ type: "warning", id, message }),
      memory: { take: () => this.#slot(), giveBack: () => undefined },
    };
    try {
      const open = () => (blob.place === undefined ? this.#given() : this.#read(blob.place));
      await this.#readLayer({ ...blob, open }, options);
      await this.#tar.end();
      this.#post({ type: "inflated", id });
    } catch (error) {
      // Who has told a reason knows it better than any copy of it.
      const isKnown = error === this.#rejection || error === this.#reason;
      this.#post({ type: "failed", id, error: isKnown ? undefined : sendable(error) });
      await this.#tar.break();
    }
  }

  hear(message: Exclude<ToInflater, Start>): void {
    switch (message.type) {
      case "unreadable":
        this.#giveReason(received(message.error));
        break;
      case "rejected":
        this.#reject(received(message.error));
        break;
      case "stop":
        this.stop();
    }
  }

  /** Leaves all as it is. */
  stop(): void {
    const reason = new Docker2vmError("E_INTERRUPTED", "the conversion was stopped");
    this.#reject(reason);
    this.#giveReason(reason);
    this.#stop.abort(reason);
    this.#stored.close();
  }

  #reject(reason: Error): void {
    this.#rejection ??= reason;
    this.#tar.close();
  }

  #readLayer(blob: LayerBlob, options: LayerStreamOptions): Promise<void> {
    const give = (tar: AsyncIterable<Uint8Array>): Promise<void> => this.#give(tar);
    return this.#start.isHashedElsewhere ? inflateLayer(blob, options, give) : readLayer(blob, options, give);
  }

  async *#read(place: FilePlace): AsyncGenerator<Uint8Array> {
    const { id } = this.#start;
    let unheard = 0;
    for (const chunk of readPlace(place)) {
      unheard += chunk.length;
      if (unheard >= BYTES_PER_REPORT) {
        this.#post({ type: "stored", id, bytes: unheard });
        unheard = 0;
      }
      yield chunk;
    }
    this.#post({ type: "stored", id, bytes: unheard });
  }

  async *#given(): AsyncGenerator<Uint8Array> {
    const stored = this.#stored;
    for (let chunk = await stored.next(); chunk !== undefined; chunk = await stored.next()) yield chunk;
    if (!stored.isComplete) throw await this.#unreadable;
  }

  /** Puts the tar into the ring: most of it is there already. Throws why its reader gave up. */
  async #give(tar: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of tar) {
      if (chunk.buffer === this.#start.tar) this.#tar.put(chunk.length);
      else await this.#copy(chunk);
    }
  }

  async #copy(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
      const part = bytes.subarray(at, at + CHUNK_SIZE);
      (await this.#slot()).set(part);
      this.#tar.put(part.length);
    }
  }

  async #slot(): Promise<Uint8Array> {
    const slot = await this.#tar.slot();
    if (slot !== undefined) return slot;
    assert(this.#rejection !== undefined, "a ring was closed without a reason");
    throw this.#rejection;
  }
}
