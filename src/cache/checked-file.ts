/**
 * Files in pieces, each with a checksum over itself and all pieces before it, so that damage is noticed before a byte of
 * a piece is used: flipped bits, a missing end, pieces of another file.
 *
 * A piece lies at a multiple of PIECE_SIZE: its payload's length, the highest bit set in the last one; the CRC-32 of
 * that word and the payload, which goes on from the piece before and begins with that of the file's name; the payload.
 * The last one ends with the file. It is told from chance that a disk or a killed process makes, not from malice: who
 * can write to the folder of a cache can write to its user's images.
 */
import { fstatSync, write } from "node:fs";
import { crc32 } from "node:zlib";
import { DirectFile } from "../disk/direct-file.ts";
import { readInto } from "../disk/read-into.ts";
import { CHUNK_SIZE, giveBack, takeChunk } from "../memory/chunks.ts";

/** Bytes from one piece to the next. */
export const PIECE_SIZE = CHUNK_SIZE;
const HEAD = 8;
/** Bytes that a piece can hold. */
export const MOST_PAYLOAD = PIECE_SIZE - HEAD;
const LAST = 0x8000_0000;
/** Pieces at hand: one to fill or to use, the others on their way. */
const DEPTH = 4;

/** Memory of writers that are done: left to the garbage collector it piles up. One for each layer at a time. */
const spare: Uint8Array[] = [];
const MOST_SPARE = 2;

/** What such a file fails with that is not as it was written. */
export class DamagedFileError extends Error {}

/**
 * Writes such a file, each piece as soon as it is whole, and past the page cache where the system lets it: it may be as
 * large as an image.
 */
export class CheckedFileWriter {
  readonly #fd: number;
  readonly #path: string;
  #direct: DirectFile | undefined;
  #checksum: number;
  #pieces = 0;
  #piece: Uint8Array | undefined;
  #memory: Uint8Array | undefined;
  #free: Uint8Array[] = [];
  /** By their pieces' memory, each gone once it is over. */
  readonly #underWay = new Map<Uint8Array, Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** @param fd of an empty file, which stays the caller's */
  constructor(fd: number, path: string, name: string) {
    this.#fd = fd;
    this.#path = path;
    this.#checksum = crc32(name);
  }

  /** Memory for the next payload: MOST_PAYLOAD bytes. Rejects with the system's error of an earlier piece. */
  async next(): Promise<Buffer> {
    if (this.#pieces === 0) this.#piece ??= takeChunk(PIECE_SIZE);
    while (this.#piece === undefined && this.#free.length === 0) {
      await Promise.race(this.#underWay.values());
      this.#check();
    }
    this.#piece ??= this.#free.pop();
    const { buffer, byteOffset } = this.#piece ?? new Uint8Array(PIECE_SIZE);
    return Buffer.from(buffer, byteOffset + HEAD, MOST_PAYLOAD);
  }

  /** Hands on the memory that `next` gave, of which so many bytes are filled. */
  put(length: number, isLast: boolean): void {
    const piece = this.#piece;
    if (piece === undefined) throw new RangeError("no piece is at hand");
    this.#piece = undefined;
    const used = piece.subarray(0, HEAD + length);
    const head = new DataView(piece.buffer, piece.byteOffset, HEAD);
    head.setUint32(0, isLast ? (length | LAST) >>> 0 : length, true);
    this.#checksum = checksumOf(used, this.#checksum);
    head.setUint32(4, this.#checksum, true);
    // Trying the memory out writes to the first page. Most layers are small, and need none.
    if (this.#pieces === 0 && !isLast) this.#goDirect();
    const position = this.#pieces++ * PIECE_SIZE;
    // What was in the memory before is nobody's to find in a file.
    if (!isLast) piece.fill(0, used.length);
    this.#underWay.set(piece, this.#write(piece, isLast ? used : piece, position));
  }

  /** Waits for what is under way, whatever becomes of it; throws what a write failed with. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay.values());
    this.#direct?.close();
    this.#direct = undefined;
    if (this.#memory !== undefined && spare.length < MOST_SPARE) spare.push(this.#memory);
    this.#memory = undefined;
    this.#free = [];
    this.#check();
  }

  #goDirect(): void {
    const direct = DirectFile.open(this.#path);
    let memory = spare.pop();
    try {
      memory ??= direct?.memory(DEPTH * PIECE_SIZE);
    } catch {
      // Writing the first piece will tell.
    }
    if (memory === undefined) direct?.close();
    else this.#direct = direct;
    memory ??= new Uint8Array(DEPTH * PIECE_SIZE);
    this.#memory = memory;
    for (let at = 0; at < memory.length; at += PIECE_SIZE)
      this.#free.push(memory.subarray(at, at + PIECE_SIZE));
  }

  async #write(piece: Uint8Array, bytes: Uint8Array, position: number): Promise<void> {
    try {
      await this.#writeAll(bytes, position);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#underWay.delete(piece);
    if (position === 0) giveBack(piece);
    else this.#free.push(piece);
  }

  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    const isWhole = bytes.length === PIECE_SIZE && position > 0;
    if (isWhole && (await this.#direct?.write(position, bytes)) === true) return;
    for (let done = 0; done < bytes.length; ) {
      done += await writeSome(this.#fd, bytes.subarray(done), position + done);
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/**
 * The payloads of such a file in order, each good until the next. Throws DamagedFileError, and the system's errors. The
 * file is not closed.
 */
export async function* checkedPieces(fd: number, name: string): AsyncGenerator<Buffer> {
  const file = fstatSync(fd);
  if (!file.isFile()) throw new DamagedFileError("it is no file");
  const { size } = file;
  const ahead: Promise<Uint8Array | undefined>[] = [];
  let asked = 0;
  const ask = (): void => {
    while (ahead.length < DEPTH - 1 && asked < size) {
      const reading = readPiece(fd, asked, Math.min(PIECE_SIZE, size - asked));
      // It is awaited in its turn, or not at all.
      reading.catch(() => undefined);
      ahead.push(reading);
      asked += PIECE_SIZE;
    }
  };
  let checksum = crc32(name);
  try {
    ask();
    for (let position = 0; ; position += PIECE_SIZE) {
      const piece = await ahead.shift();
      if (piece === undefined) throw new DamagedFileError("it ends early");
      ask();
      try {
        const { payload, isLast, ...found } = checkPiece(piece, checksum);
        checksum = found.checksum;
        if (isLast && position + HEAD + payload.length !== size)
          throw new DamagedFileError("it goes on behind its end");
        yield payload;
        if (isLast) return;
      } finally {
        giveBack(piece);
      }
    }
  } finally {
    // Their memory must not be somebody else's while they are read.
    for (const piece of await Promise.allSettled(ahead)) {
      if (piece.status === "fulfilled" && piece.value !== undefined) giveBack(piece.value);
    }
  }
}

function checkPiece(piece: Uint8Array, before: number) {
  if (piece.length < HEAD) throw new DamagedFileError("a piece has no head");
  const head = new DataView(piece.buffer, piece.byteOffset, HEAD);
  const word = head.getUint32(0, true);
  const isLast = word >= LAST;
  const length = isLast ? word - LAST : word;
  if (length > piece.length - HEAD) throw new DamagedFileError("a piece is longer than its place");
  const used = piece.subarray(0, HEAD + length);
  const checksum = checksumOf(used, before);
  if (checksum !== head.getUint32(4, true)) throw new DamagedFileError("a piece does not fit its checksum");
  return { payload: Buffer.from(piece.buffer, piece.byteOffset + HEAD, length), isLast, checksum };
}

function checksumOf(piece: Uint8Array, before: number): number {
  return crc32(piece.subarray(HEAD), crc32(piece.subarray(0, 4), before));
}

/** As much of a piece as is there; undefined at the file's end. */
async function readPiece(fd: number, position: number, length: number): Promise<Uint8Array | undefined> {
  const piece = takeChunk(PIECE_SIZE);
  let done = 0;
  while (done < length) {
    const came = await readInto(fd, piece.subarray(done), length - done, position + done);
    if (came === 0) break;
    done += came;
  }
  return done === 0 ? undefined : piece.subarray(0, done);
}

function writeSome(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, position, (error, written) =>
      error ? reject(error) : resolve(written),
    );
  });
}
