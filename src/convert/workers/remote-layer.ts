import type { Hold } from "../../cache/checked-file-writer.ts";
import { Docker2vmError } from "../../errors.ts";
import type { LayerStreamOptions } from "../../layer/layer-stream.ts";
import { giveBack } from "../../memory/chunks.ts";
import type { LayerBlob } from "../../source/source.ts";
import { type FromWorker, received, sendable, type ToWorker } from "./protocol.ts";
import { RingReader, RingWriter } from "./ring.ts";

/** Takes a tar, and where chunks of it may be held longer than to the next, what holds the one at hand. */
export type UseTar<T> = (tar: AsyncIterable<Uint8Array>, hold?: Hold) => Promise<T>;

/** A thread to be spoken to. */
interface Thread {
  post(message: ToWorker): void;
}

/** Memory for the rings of one layer. */
export interface LayerRings {
  /** Chunks that the ring of stored bytes holds. */
  readonly slots: number;
  readonly stored: SharedArrayBuffer;
  readonly tar: SharedArrayBuffer;
}

interface Setting {
  readonly id: number;
  readonly blob: LayerBlob;
  readonly options: LayerStreamOptions;
  readonly rings: LayerRings;
  readonly inflater: Thread;
  /** Another thread that hashes what comes out; without it the inflater does. */
  readonly hasher: Thread | undefined;
}

/** One layer that threads work on, seen from the conversion's. */
export class RemoteLayer {
  readonly #setting: Setting;
  readonly #stored: RingWriter;
  readonly #tar: RingReader;
  /** What is not over yet. */
  readonly #underWay: Set<"inflating" | "hashing">;
  /** Stored bytes that the inflater has not had yet. */
  left: number;
  #failure: { readonly error: unknown } | undefined;
  /** Why not all stored bytes can be handed over. */
  #unreadable: { readonly error: unknown } | undefined;
  #feeding: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.left = setting.blob.size;
    this.#stored = new RingWriter(setting.rings.stored);
    this.#tar = new RingReader(setting.rings.tar);
    this.#underWay = new Set(setting.hasher === undefined ? ["inflating"] : ["inflating", "hashing"]);
  }

  /** Has `use` read the tar, and returns its result once every check has held. */
  async serve<T>(use: UseTar<T>): Promise<T> {
    const { signal } = this.#setting.options;
    const stop = (): void => this.fail(signal?.reason);
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    this.#start();
    try {
      return await this.#serve(use);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  hear(message: FromWorker): void {
    switch (message.type) {
      case "warning":
        this.#setting.options.onWarning?.(message.message);
        break;
      case "stored":
        this.#hasHad(message.bytes);
        break;
      case "inflated":
        this.#underWay.delete("inflating");
        break;
      case "hashed":
        this.#underWay.delete("hashing");
        break;
      case "failed":
        this.#failure ??= message.error === undefined ? this.#unreadable : { error: received(message.error) };
        this.#underWay.clear();
    }
    this.#wake();
  }

  /** Ends it at once. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#underWay.clear();
    this.#tar.close();
    this.#wake();
  }

  /** Resolves when nobody holds a chunk of the tar any more. */
  released(): Promise<void> {
    return this.#tar.released();
  }

  /** Lets the threads forget it. */
  async close(): Promise<void> {
    const { id, inflater, hasher } = this.#setting;
    inflater.post({ type: "stop", id });
    hasher?.post({ type: "drop", id });
    this.#stored.close();
    await this.#feeding;
  }

  #start(): void {
    const { id, blob, options, inflater, hasher } = this.#setting;
    const { stored, tar } = this.#setting.rings;
    const { open: _, leave: __, ...described } = blob;
    const isHashedElsewhere = hasher !== undefined;
    hasher?.post({ type: "hash", id, blob: described, tar });
    inflater.post({
      type: "inflate",
      id,
      blob: described,
      inflate: options.inflate,
      stored,
      tar,
      isHashedElsewhere,
    });
    if (blob.place === undefined) this.#feeding = this.#feed();
  }

  async #serve<T>(use: UseTar<T>): Promise<T> {
    try {
      const result = await use(this.#chunks(), () => this.#tar.hold());
      await this.#over("inflating");
      return result;
    } catch (error) {
      throw this.#failure?.error === error ? error : await this.#explain(error);
    }
  }

  /** The reader gave up for a reason of its own: where the blob is damaged, that is the better one. */
  async #explain(error: unknown): Promise<unknown> {
    const { id, inflater } = this.#setting;
    if (this.#underWay.has("inflating")) inflater.post({ type: "rejected", id, error: sendable(error) });
    await this.#over("inflating").catch(() => undefined);
    const found = this.#failure?.error;
    const isBlob =
      found instanceof Docker2vmError &&
      (found.code === "E_SIZE_MISMATCH" || found.code === "E_DIGEST_MISMATCH");
    return isBlob ? new Docker2vmError(found.code, found.message, { hint: found.hint, cause: error }) : error;
  }

  /**
   * The tar; what failed in a thread comes after what was good, and a wrong diff_id before what is wrong at its end.
   */
  async *#chunks(): AsyncGenerator<Uint8Array> {
    const tar = this.#tar;
    for (let chunk = await tar.next(); chunk !== undefined; chunk = await tar.next()) yield chunk;
    await this.#over(tar.isComplete ? "hashing" : "inflating");
  }

  /** Resolves when that is over; throws what failed in the threads. */
  async #over(work: "inflating" | "hashing"): Promise<void> {
    while (this.#underWay.has(work)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Hands the stored bytes over. Never fails: whoever misses them tells. */
  async #feed(): Promise<void> {
    const { id, blob, options, inflater } = this.#setting;
    try {
      for await (const chunk of blob.open(options.signal)) {
        this.#hasHad(chunk.length);
        if (!(await this.#stored.write(chunk))) return;
        giveBack(chunk);
      }
      await this.#stored.end();
    } catch (error) {
      this.#unreadable = { error };
      inflater.post({ type: "unreadable", id, error: sendable(error) });
      await this.#stored.break();
    }
  }

  #hasHad(bytes: number): void {
    this.left -= bytes;
    this.#setting.options.onStored?.(bytes);
  }
}
