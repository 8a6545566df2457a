import { createHash, type Hash } from "node:crypto";
import { Docker2vmError, EXIT } from "../errors.ts";
import { giveBack } from "../memory/chunks.ts";
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { Abandonable } from "../waiting/abandonable.ts";
import { type LayerBlob, layerName } from "./layer-blob.ts";

const HINT = "the image is damaged or was changed: fetch it again";

/**
 * A layer's stored bytes, checked as they pass, each chunk good until the next. It ends only when size and digest hold,
 * and has no `return`: a reader that fails half way leaves it open, so that `explain` can still tell whether the blob
 * itself is to blame. Whoever made it closes it.
 */
export class StoredBlob implements AsyncIterableIterator<Uint8Array> {
  readonly #blob: LayerBlob;
  readonly #chunks: Abandonable<Uint8Array>;
  readonly #digest: DigestCheck | undefined;
  readonly #onStored: ((bytes: number) => void) | undefined;
  #length = 0;
  #chunk: Uint8Array | undefined;
  #failure: unknown;
  #done = false;

  constructor(blob: LayerBlob, signal?: AbortSignal, onStored?: (bytes: number) => void) {
    this.#blob = blob;
    this.#chunks = new Abandonable((either) => blob.open(either), signal);
    this.#digest = blob.digest === undefined || blob.checked ? undefined : new DigestCheck(blob.digest);
    this.#onStored = onStored;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#chunk !== undefined) giveBack(this.#chunk);
    this.#chunk = undefined;
    if (this.#done) return { done: true, value: undefined };
    try {
      const next = await this.#chunks.next();
      // Whoever read ahead has been told the end of it.
      if (this.#done) return { done: true, value: undefined };
      if (next.done === true) this.#finish();
      else this.#take(next.value);
      return next;
    } catch (error) {
      this.#done = true;
      this.#failure = error;
      throw error;
    }
  }

  /**
   * What to throw when reading the layer failed with `error`: if that blames the image, the rest of the blob is read,
   * and where its size or digest does not hold, that is the error and `error` its cause.
   */
  async explain(error: unknown): Promise<unknown> {
    const blamesImage = error instanceof Docker2vmError && error.exitCode === EXIT.badImage;
    if (!blamesImage) return error;
    try {
      while ((await this.next()).done !== true);
    } catch {
      // It is kept in #failure.
    }
    const found = this.#failure;
    if (!(found instanceof Docker2vmError) || found.exitCode !== EXIT.integrity) return error;
    return new Docker2vmError(found.code, found.message, { hint: found.hint, cause: error });
  }

  /** @param reason why it is not read to its end */
  async close(reason?: unknown): Promise<void> {
    this.#done = true;
    await this.#chunks.return(reason);
  }

  #take(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#length += chunk.length;
    if (this.#length > this.#blob.size) throw this.#sizeMismatch("more");
    this.#digest?.update(chunk);
    this.#onStored?.(chunk.length);
  }

  #finish(): void {
    this.#done = true;
    if (this.#length < this.#blob.size) throw this.#sizeMismatch(`only ${this.#length}`);
    const actual = this.#digest?.mismatch();
    if (actual === undefined) return;
    throw new Docker2vmError(
      "E_DIGEST_MISMATCH",
      `${layerName(this.#blob)}: its bytes hash to ${actual}, not to ${this.#blob.digest}`,
      { hint: HINT },
    );
  }

  #sizeMismatch(found: string): Docker2vmError {
    return new Docker2vmError(
      "E_SIZE_MISMATCH",
      `${layerName(this.#blob)}: ${this.#blob.size} bytes were promised, ${found} came`,
      { hint: HINT },
    );
  }
}

/** Hashes bytes as they pass, to compare with what they should hash to. */
export class DigestCheck {
  readonly #expected: Digest;
  readonly #hash: Hash;

  constructor(expected: Digest) {
    this.#expected = expected;
    this.#hash = createHash(digestAlgorithm(expected));
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The digest of the bytes if it is another than expected; nothing may be hashed after. */
  mismatch(): string | undefined {
    const hex = this.#hash.digest("hex");
    return hex === digestHex(this.#expected) ? undefined : `${digestAlgorithm(this.#expected)}:${hex}`;
  }
}
