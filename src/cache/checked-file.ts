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
/** Bytes in front of a payload. */
export const HEAD_SIZE = 8;
/** Bytes that a piece can hold. */
export const MOST_PAYLOAD = PIECE_SIZE - HEAD_SIZE;
const LAST = 0x8000_0000;
/** Pieces at hand for a reader: one to use, the others on their way. */
const AHEAD = 4;
/** Pieces that are written together: to a virtual disk a write of 1 MiB alone costs more for its bytes. */
const TOGETHER = 2;
const GROUP_SIZE = TOGETHER * PIECE_SIZE;
/** Groups at hand for a writer: one to fill, the others on their way. */
const GROUPS = 3;

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
  /** Memory of the first piece, which is written alone, or of the group that is being filled. */
  #group: Uint8Array | undefined;
  /** Bytes of whole pieces in it. */
  #filled = 0;
  #memory: Uint8Array | undefined;
  #free: Uint8Array[] = [];
  /** By their groups' memory, each gone once it is over. */
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
    if (this.#pieces === 0) this.#group ??= takeChunk(PIECE_SIZE);
    while (this.#group === undefined && this.#free.length === 0) {
      await Promise.race(this.#underWay.values());
      this.#check();
    }
    this.#group ??= this.#free.pop();
    const { buffer, byteOffset } = this.#group ?? new Uint8Array(PIECE_SIZE);
    return Buffer.from(buffer, byteOffset + this.#filled + HEAD_SIZE, MOST_PAYLOAD);
  }

  /** Hands on the memory that `next` gave, of which so many bytes are filled. */
  put(length: number, isLast: boolean): void {
    const group = this.#group;
    if (group === undefined) throw new RangeError("no piece is at hand");
    const piece = group.subarray(this.#filled, this.#filled + PIECE_SIZE);
    const used = piece.subarray(0, HEAD_SIZE + length);
    const head = new DataView(piece.buffer, piece.byteOffset, HEAD_SIZE);
    head.setUint32(0, isLast ? (length | LAST) >>> 0 : length, true);
    this.#checksum = checksumOf(used, this.#checksum);
    head.setUint32(4, this.#checksum, true);
    // Trying the memory out writes to the first page. Most layers are small, and need none.
    if (this.#pieces === 0 && !isLast) this.#goDirect();
    // What was in the memory before is nobody's to find in a file.
    if (!isLast) piece.fill(0, used.length);
    const position = this.#pieces++ * PIECE_SIZE - this.#filled;
    this.#filled += PIECE_SIZE;
    if (!isLast && this.#filled < group.length) return;
    const end = isLast ? this.#filled - PIECE_SIZE + used.length : this.#filled;
    this.#group = undefined;
    this.#filled = 0;
    this.#underWay.set(group, this.#write(group, group.subarray(0, end), position));
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
      memory ??= direct?.memory(GROUPS * GROUP_SIZE);
    } catch {
      // Writing the first piece will tell.
    }
    if (memory === undefined) direct?.close();
    else this.#direct = direct;
    memory ??= new Uint8Array(GROUPS * GROUP_SIZE);
    this.#memory = memory;
    for (let at = 0; at < memory.length; at += GROUP_SIZE)
      this.#free.push(memory.subarray(at, at + GROUP_SIZE));
  }

  async #write(group: Uint8Array, bytes: Uint8Array, position: number): Promise<void> {
    try {
      await this.#writeAll(bytes, position);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#underWay.delete(group);
    if (position === 0) giveBack(group);
    else this.#free.push(group);
  }

  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    const whole = position === 0 ? 0 : bytes.length - (bytes.length % PIECE_SIZE);
    const isPast = whole > 0 && (await this.#direct?.write(position, bytes.subarray(0, whole))) === true;
    for (let done = isPast ? whole : 0; done < bytes.length; ) {
      done += await writeSome(this.#fd, bytes.subarray(done), position + done);
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** What reads such a file: as checkedPieces. */
export type PieceReader = (fd: number, name: string) => AsyncGenerator<Buffer>;

/**
 * The payloads of such a file in order, each good until the next. Throws DamagedFileError, and the system's errors. The
 * file is not closed.
 */
export async function* checkedPieces(fd: number, name: string): AsyncGenerator<Buffer> {
  const check = new PieceCheck(fd, name);
  const { size } = check;
  const ahead: Promise<Uint8Array | undefined>[] = [];
  let asked = 0;
  const ask = (): void => {
    while (ahead.length < AHEAD - 1 && asked < size) {
      const reading = readPiece(fd, asked, Math.min(PIECE_SIZE, size - asked));
      // It is awaited in its turn, or not at all.
      reading.catch(() => undefined);
      ahead.push(reading);
      asked += PIECE_SIZE;
    }
  };
  try {
    ask();
    while (!check.isOver) {
      const piece = await ahead.shift();
      ask();
      try {
        yield check.payload(piece ?? NOTHING);
      } finally {
        if (piece !== undefined) giveBack(piece);
      }
    }
  } finally {
    // Their memory must not be somebody else's while they are read.
    for (const piece of await Promise.allSettled(ahead)) {
      if (piece.status === "fulfilled" && piece.value !== undefined) giveBack(piece.value);
    }
  }
}

/** Checks the pieces of such a file in order. */
export class PieceCheck {
  /** Whether the last one has come. */
  isOver = false;
  /** Bytes of the file. */
  readonly size: number;
  #checksum: number;
  /** Of the next piece in the file. */
  #position = 0;

  /** Throws DamagedFileError for what is no file, and the system's errors. */
  constructor(fd: number, name: string) {
    const file = fstatSync(fd);
    if (!file.isFile()) throw new DamagedFileError("it is no file");
    this.size = file.size;
    this.#checksum = crc32(name);
  }

  /** Of the next piece, as much as the file has of it, what it holds, in the same memory. Throws DamagedFileError. */
  payload(piece: Uint8Array): Buffer {
    if (piece.length === 0) throw new DamagedFileError("it ends early");
    if (piece.length < HEAD_SIZE) throw new DamagedFileError("a piece has no head");
    const head = new DataView(piece.buffer, piece.byteOffset, HEAD_SIZE);
    const word = head.getUint32(0, true);
    const isLast = word >= LAST;
    const length = isLast ? word - LAST : word;
    if (length > piece.length - HEAD_SIZE) throw new DamagedFileError("a piece is longer than its place");
    const used = piece.subarray(0, HEAD_SIZE + length);
    this.#checksum = checksumOf(used, this.#checksum);
    if (this.#checksum !== head.getUint32(4, true))
      throw new DamagedFileError("a piece does not fit its checksum");
    if (isLast && this.#position + used.length !== this.size)
      throw new DamagedFileError("it goes on behind its end");
    this.#position += PIECE_SIZE;
    this.isOver = isLast;
    return Buffer.from(piece.buffer, piece.byteOffset + HEAD_SIZE, length);
  }
}

const NOTHING = new Uint8Array(0);

function checksumOf(piece: Uint8Array, before: number): number {
  return crc32(piece.subarray(HEAD_SIZE), crc32(piece.subarray(0, 4), before));
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
