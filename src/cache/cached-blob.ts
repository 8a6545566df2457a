import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { isAbsence } from "../errors.ts";
import { CHUNK_SIZE, takeChunk } from "../memory/chunks.ts";
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { storageError } from "./io-errors.ts";

/** A blob that is there, held open: it stays readable when another process takes it out of the cache. */
export class CachedBlob {
  /** Bytes. */
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #digest: Digest;

  private constructor(handle: FileHandle, path: string, digest: Digest, size: number) {
    this.#handle = handle;
    this.#path = path;
    this.#digest = digest;
    this.size = size;
  }

  /** Undefined if there is no such file. */
  static async open(path: string, digest: Digest): Promise<CachedBlob | undefined> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, "r");
      return new CachedBlob(handle, path, digest, (await handle.stat()).size);
    } catch (error) {
      await handle?.close();
      if (isAbsence(error)) return undefined;
      throw storageError(error, path);
    }
  }

  /** Notes the use: a file's time of change is how the cache knows what was used last. */
  async markUsed(): Promise<void> {
    const now = new Date();
    // In a cache that may only be read there is nothing to note.
    await this.#handle.utimes(now, now).catch(() => undefined);
  }

  /** Whether the bytes hash to the digest. Throws E_IO and the signal's reason. */
  async isSound(signal?: AbortSignal): Promise<boolean> {
    const hash = createHash(digestAlgorithm(this.#digest));
    const buffer = Buffer.allocUnsafe(CHUNK_SIZE);
    for (let position = 0; ; ) {
      signal?.throwIfAborted();
      const bytesRead = await this.#readInto(buffer, position);
      if (bytesRead === 0) return hash.digest("hex") === digestHex(this.#digest);
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  }

  /** All the bytes in chunks of the reader's own of at most 1 MiB. Throws E_IO and the signal's reason. */
  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let position = 0; position < this.size; ) {
      signal?.throwIfAborted();
      const buffer = takeChunk(Math.min(CHUNK_SIZE, this.size - position));
      const bytesRead = await this.#readInto(buffer, position);
      // The reader counts: too few bytes are its error to report.
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #readInto(buffer: Uint8Array, position: number): Promise<number> {
    try {
      return (await this.#handle.read(buffer, 0, buffer.length, position)).bytesRead;
    } catch (error) {
      throw storageError(error, this.#path);
    }
  }
}
