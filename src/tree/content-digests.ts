import { createHash, webcrypto } from "node:crypto";
import { assert } from "../errors.ts";
import type { RegularFile } from "./inode.ts";

/** Bytes that are hashed as one. */
const PIECE = 1 << 20;
/** What is hashed at once: handing it over would take longer. */
const SMALL = 1 << 15;
/** Pieces that may be on their way: each is a copy. */
const MOST_WAITING = 8;
const DIGEST_BYTES = 32;
const FILES_PER_PAGE = 1 << 12;
const EMPTY: Uint8Array = sha256(new Uint8Array());

type Pending = Uint8Array | Promise<Uint8Array>;

/**
 * Digests of the contents of files that stream by, one after another: by what they hold, however it comes in pieces and
 * whether zeros are there or a hole. Each MiB is hashed by itself, without the zeros at its end, and where the machine
 * has more cores, beside everything else. A file of one such piece has its digest; one of several, the digest of
 * those that are not all zeros, each with its number before it.
 */
export class ContentDigests {
  readonly #places = new Map<RegularFile, number>();
  readonly #pages: Uint8Array[] = [];
  /** Of the file that is under way. */
  #pieces: { readonly index: number; readonly digest: Pending }[] = [];
  #piece: Uint8Array = new Uint8Array(PIECE);
  #index = 0;
  /** Bytes of the piece that are known. */
  #filled = 0;
  readonly #waiting = new Set<Promise<unknown>>();
  #failure: { readonly error: unknown } | undefined;

  /** Takes bytes of the file, in ascending order; to be waited for, if it says so. */
  write(offset: number, bytes: Uint8Array): Promise<void> | undefined {
    for (let at = 0; at < bytes.length; ) {
      const position = offset + at;
      const index = Math.floor(position / PIECE);
      if (index !== this.#index) this.#closePiece(index);
      const within = position - index * PIECE;
      const length = Math.min(PIECE - within, bytes.length - at);
      const part = bytes.subarray(at, at + length);
      if (length === PIECE) this.#addPiece(index, part);
      else {
        this.#piece.fill(0, this.#filled, within);
        this.#piece.set(part, within);
        this.#filled = within + length;
      }
      at += length;
    }
    return this.#waiting.size < MOST_WAITING ? undefined : this.#room();
  }

  /** The file's contents have come to their end. */
  end(file: RegularFile): void {
    this.#closePiece(0);
    const place = this.#places.size;
    this.#places.set(file, place);
    if (place % FILES_PER_PAGE === 0) this.#pages.push(new Uint8Array(FILES_PER_PAGE * DIGEST_BYTES));
    const pieces = this.#pieces;
    this.#pieces = [];
    const digest = fileDigest(pieces);
    if (digest instanceof Promise) this.#wait(digest.then((whole) => this.#at(place).set(whole)));
    else this.#at(place).set(digest);
  }

  /** Resolves when every digest is known. */
  async settle(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** sha256, for who has waited for it. Of a file that has come. */
  of(file: RegularFile): Uint8Array {
    const place = this.#places.get(file);
    assert(place !== undefined, "a file whose contents were never seen");
    return this.#at(place);
  }

  /** Whether the file has come. */
  has(file: RegularFile): boolean {
    return this.#places.has(file);
  }

  #at(place: number): Uint8Array {
    const page = this.#pages[Math.floor(place / FILES_PER_PAGE)];
    assert(page !== undefined, "a file beyond all pages");
    const start = (place % FILES_PER_PAGE) * DIGEST_BYTES;
    return page.subarray(start, start + DIGEST_BYTES);
  }

  #closePiece(next: number): void {
    if (this.#filled > 0) this.#addPiece(this.#index, this.#piece.subarray(0, this.#filled));
    this.#index = next;
    this.#filled = 0;
  }

  #addPiece(index: number, bytes: Uint8Array): void {
    const data = withoutZeros(bytes);
    if (data.length === 0) return;
    const digest = data.length <= SMALL ? sha256(data) : this.#elsewhere(data);
    this.#pieces.push({ index, digest });
  }

  /** Copies the bytes before it returns. */
  #elsewhere(bytes: Uint8Array): Promise<Uint8Array> {
    const digest = webcrypto.subtle
      .digest("SHA-256", new Uint8Array(bytes))
      .then((hash) => new Uint8Array(hash));
    this.#wait(digest);
    return digest;
  }

  #wait(what: Promise<unknown>): void {
    const waited: Promise<void> = what.then(
      () => void this.#waiting.delete(waited),
      (error: unknown) => {
        this.#failure ??= { error };
        this.#waiting.delete(waited);
      },
    );
    this.#waiting.add(waited);
  }

  async #room(): Promise<void> {
    while (this.#waiting.size >= MOST_WAITING) await Promise.race(this.#waiting);
  }
}

function fileDigest(pieces: readonly { readonly index: number; readonly digest: Pending }[]): Pending {
  const [first] = pieces;
  if (first === undefined) return EMPTY;
  if (pieces.length === 1 && first.index === 0) return first.digest;
  return Promise.all(pieces.map(({ digest }) => digest)).then((digests) => {
    const hash = createHash("sha256");
    for (const [i, digest] of digests.entries()) hash.update(`${pieces[i]?.index}:`).update(digest);
    return hash.digest();
  });
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}
