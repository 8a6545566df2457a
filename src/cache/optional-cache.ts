import type { Digest } from "../oci/digest.ts";
import { Cache, type CacheEntry, openCache } from "./cache.ts";
import type { CachedBlob } from "./cached-blob.ts";
import { isStorageError } from "./io-errors.ts";
import type { TagName } from "./layout.ts";

/**
 * A cache that can be done without. What the system refuses is told once, and for all: what cannot be read counts as
 * not there, and after the first thing that could not be kept nothing more is put in. Reading goes on: a cache may be
 * there to be read only.
 */
export class OptionalCache {
  readonly #cache: Cache;
  readonly #onWarning: (message: string) => void;
  #isTold = false;
  #takesMore = true;

  private constructor(cache: Cache, onWarning: (message: string) => void) {
    this.#cache = cache;
    this.#onWarning = onWarning;
  }

  /** As openCache, but that it never fails. */
  static async open(folder: string, onWarning: (message: string) => void): Promise<OptionalCache> {
    const cache = new OptionalCache(new Cache(folder), onWarning);
    await cache.#put(() => openCache(folder));
    return cache;
  }

  async has(digest: Digest): Promise<boolean> {
    return this.#cache.has(digest);
  }

  async read(digest: Digest, limit: number): Promise<Uint8Array | undefined> {
    return this.#get(() => this.#cache.read(digest, limit));
  }

  /**
   * The blob if there is one of that size and its bytes hash to the digest, noted as used; the caller closes it. Any
   * other is dropped, and that is told. Throws the signal's reason.
   */
  async openSound(digest: Digest, size: number, signal?: AbortSignal): Promise<CachedBlob | undefined> {
    const blob = await this.#get(() => this.#cache.openRead(digest));
    if (blob === undefined) return undefined;
    let sound = false;
    try {
      const isSound = async (): Promise<boolean> => blob.size === size && (await blob.isSound(signal));
      const found = await this.#get(isSound);
      sound = found === true;
      if (sound) await blob.markUsed();
      // What cannot be read has been told, and may be readable another time.
      if (found !== false) return sound ? blob : undefined;
    } finally {
      if (!sound) await blob.close();
    }
    this.#onWarning(`the cache's copy of ${digest} is damaged: it is dropped`);
    await this.#put(() => this.#cache.drop(digest));
    return undefined;
  }

  async write(digest: Digest, bytes: Uint8Array): Promise<void> {
    await this.#put(() => this.#cache.write(digest, bytes));
  }

  async readTag(name: TagName): Promise<Digest | undefined> {
    return this.#cache.readTag(name);
  }

  async writeTag(name: TagName, digest: Digest): Promise<void> {
    await this.#put(() => this.#cache.writeTag(name, digest));
  }

  /**
   * A file for a blob that is still to come, undefined if none is to be kept any more. What the cache then does not take
   * of it goes to a file without a name at `sparePath`.
   */
  async create(digest: Digest, sparePath: string): Promise<CacheEntry | undefined> {
    const spare = { path: sparePath, onNeed: (failure: unknown) => this.#stop(failure) };
    return this.#put(() => this.#cache.create(digest, spare));
  }

  /** Gives a complete file its name, if all of it is in the cache. The caller has checked its size and digest. */
  async keep(entry: CacheEntry): Promise<void> {
    if (entry.file.isWhole) await entry.commit().catch((error: unknown) => this.#stop(error));
  }

  async #get<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#tell(error);
      return undefined;
    }
  }

  async #put<T>(write: () => Promise<T>): Promise<T | undefined> {
    if (!this.#takesMore) return undefined;
    try {
      return await write();
    } catch (error) {
      this.#stop(error);
      return undefined;
    }
  }

  #stop(error: unknown): void {
    this.#tell(error);
    this.#takesMore = false;
  }

  #tell(error: unknown): void {
    if (!isStorageError(error)) throw error;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#onWarning(`going on without the cache: ${error.message} (${error.hint})`);
  }
}
