import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { GrowingFile } from "../cache/growing-file.ts";
import { CHUNK_SIZE } from "../memory/chunks.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { abortable } from "../waiting/abortable.ts";
import { Deferred } from "../waiting/deferred.ts";
import { LayerPipe } from "./registry-pipe.ts";
import type { RegistrySession } from "./registry-session.ts";

/** Where a layer's bytes are, or are to come. */
interface Stored {
  read(signal?: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/**
 * One layer on its way to its readers: from the cache if it is there and sound, else fetched, into a file that they
 * follow where it is to be kept or has several. What the cache has is checked before any of it is given away: a reader
 * that has begun cannot be told that what it has read was wrong, and begin again with other bytes.
 */
export class RegistryLayer {
  readonly #descriptor: Descriptor;
  readonly #session: RegistrySession;
  readonly #stored = new Deferred<Stored>();
  readonly #ended = new Deferred<void>();
  readonly #role: string;
  #state: "waiting" | "under way" | "over" = "waiting";
  /** Whether it has a reader, or had one. */
  isWanted = false;
  /** Whether it is fetched only if it gets one. */
  isLeft = false;
  #readers: number;
  #closing: Promise<void> | undefined;

  /**
   * `role` is what messages call it: "layer 2". `readers` is how often it will be read: an image may hold a layer twice.
   */
  constructor(descriptor: Descriptor, role: string, readers: number, session: RegistrySession) {
    this.#descriptor = descriptor;
    this.#role = role;
    this.#readers = readers;
    this.#session = session;
  }

  /** Stored bytes. */
  get size(): number {
    return this.#descriptor.size;
  }

  /** Whether memory holds all of it: nothing goes to the disk, even if its reader is long in coming. */
  get isLight(): boolean {
    return this.size < CHUNK_SIZE;
  }

  /** Whether it is still to be fetched. */
  get isWaiting(): boolean {
    return this.#state === "waiting";
  }

  /** Whether it is being fetched, or was and has no reader yet. */
  get isInHand(): boolean {
    return this.#state === "under way" || (this.#state === "over" && !this.isWanted);
  }

  /**
   * Brings the bytes here; `isEarly` is when no reader is to be expected soon. Never fails: what goes wrong is for the
   * readers to hear.
   */
  async fetch(isEarly: boolean): Promise<void> {
    this.#state = "under way";
    try {
      const kept = this.#embedded() ?? (await this.#fromCache());
      if (kept === undefined) await this.#download(isEarly);
      else this.#stored.resolve(kept);
    } catch (error) {
      this.#stored.reject(error);
    } finally {
      this.#state = "over";
      this.#ended.resolve();
    }
  }

  /** As LayerBlob.open. */
  read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    this.isWanted = true;
    return this.#read(signal);
  }

  async *#read(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    try {
      yield* abortable(this.#chunks(signal), signal);
    } finally {
      this.#readers -= 1;
      // Not awaited: the end of the download is nothing a reader has to wait for.
      if (this.#readers === 0) this.close().catch(() => undefined);
    }
  }

  /**
   * Once the download has ended, and not before every reader is done. Its last reader closes it, and the pull: whoever
   * comes second waits for the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#ended.promise;
    const stored = await this.#stored.promise.catch(() => undefined);
    await stored?.close();
  }

  async *#chunks(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    yield* (await this.#stored.promise).read(signal);
  }

  #embedded(): Stored | undefined {
    const { data } = this.#descriptor;
    if (data === undefined) return undefined;
    return {
      read: async function* () {
        yield Uint8Array.from(data);
      },
      close: async () => undefined,
    };
  }

  async #fromCache(): Promise<Stored | undefined> {
    const { repository, context } = this.#session;
    const { digest, size } = this.#descriptor;
    const blob = await repository.cache?.openSound(digest, size, context.signal);
    if (blob !== undefined) this.#report(size, true);
    return blob;
  }

  async #download(isEarly: boolean): Promise<void> {
    const { repository, context, options } = this.#session;
    const { digest } = this.#descriptor;
    const path = join(options.scratchFolder, `layer-${randomUUID()}`);
    const entry = await repository.cache?.create(digest, path);
    const passesBy = this.#readers === 1 && !isEarly;
    const file = entry?.file ?? (passesBy ? new LayerPipe(path) : await GrowingFile.nameless(path));
    this.#stored.resolve(file);
    let bytes = 0;
    const append = (chunk: Uint8Array): Promise<void> | undefined => {
      bytes += chunk.length;
      this.#report(bytes, false);
      return file.append(chunk);
    };
    try {
      await repository.download({ ...this.#descriptor, role: this.#role }, { append }, context);
      await file.complete();
      if (entry !== undefined) await repository.cache?.keep(entry);
    } catch (error) {
      file.fail(error);
    }
    await entry?.discard();
  }

  #report(bytes: number, cached: boolean): void {
    const { digest, size } = this.#descriptor;
    this.#session.context.onEvent({ type: "download", digest, bytes, size, cached });
  }
}
