/**
 * Files in pieces, each with a checksum, so that damage is noticed before a byte of a piece is used: flipped bits, a
 * missing end, pieces of another file.
 *
 * A piece lies at a multiple of PIECE_SIZE, as it is. Behind the last one a table ends the file: of each piece its length
 * and its CRC-32, the number of pieces, and a CRC-32 of the table, which begins with that of the file's name. All are
 * words of four bytes, little-endian. It is told from chance that a disk or a killed process makes, not from malice: who
 * can write to the folder of a cache can write to its user's images.
 */
import { fstatSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import { readInto } from "../disk/read-into.ts";
import { CHUNK_SIZE, giveBack, takeChunk } from "../memory/chunks.ts";

/** Bytes from one piece to the next, and the most that one can have. */
export const PIECE_SIZE = CHUNK_SIZE;
/** Bytes of a piece's line in the table, and of what ends that. */
const LINE = 8;
const END = 8;
/** Pieces at hand for a reader: one to use, the others on their way. */
const AHEAD = 4;

/** What such a file fails with that is not as it was written. */
export class DamagedFileError extends Error {}

/** The table of a file that is being written. */
export class PieceTable {
  readonly #lines: number[] = [];

  /** How many pieces it has. */
  get pieces(): number {
    return this.#lines.length / 2;
  }

  /** Bytes of the file before the table. */
  get end(): number {
    return this.pieces === 0 ? 0 : (this.pieces - 1) * PIECE_SIZE + (this.#lines.at(-2) ?? 0);
  }

  add(piece: Uint8Array): void {
    this.#lines.push(piece.length, crc32(piece));
  }

  bytes(name: string): Buffer {
    const bytes = Buffer.alloc(this.pieces * LINE + END);
    const words = [...this.#lines, this.pieces];
    for (const [at, word] of words.entries()) bytes.writeUInt32LE(word, 4 * at);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, -4), crc32(name)), bytes.length - 4);
    return bytes;
  }
}

/** What reads such a file: as checkedPieces. */
export type PieceReader = (fd: number, name: string) => AsyncGenerator<Buffer>;

/**
 * The pieces of such a file in order, each good until the next. Throws DamagedFileError, and the system's errors. The
 * file is not closed.
 */
export async function* checkedPieces(fd: number, name: string): AsyncGenerator<Buffer> {
  const check = new PieceCheck(fd, name);
  const ahead: Promise<Uint8Array>[] = [];
  let asked = 0;
  const ask = (): void => {
    while (ahead.length < AHEAD - 1 && asked < check.pieces) {
      const reading = readPiece(fd, asked * PIECE_SIZE, check.lengthOf(asked));
      // It is awaited in its turn, or not at all.
      reading.catch(() => undefined);
      ahead.push(reading);
      asked++;
    }
  };
  try {
    for (ask(); ahead.length > 0; ) {
      const piece = (await ahead.shift()) ?? NOTHING;
      ask();
      try {
        yield check.piece(piece);
      } finally {
        giveBack(piece);
      }
    }
  } finally {
    // Their memory must not be somebody else's while they are read.
    for (const piece of await Promise.allSettled(ahead)) {
      if (piece.status === "fulfilled") giveBack(piece.value);
    }
  }
}

/** Checks the pieces of such a file in order. */
export class PieceCheck {
  readonly pieces: number;
  readonly #table: Buffer;
  #next = 0;

  /** Reads the table. Throws DamagedFileError for what has none, and the system's errors. */
  constructor(fd: number, name: string) {
    this.#table = tableOf(fd);
    const { length } = this.#table;
    if (crc32(this.#table.subarray(0, -4), crc32(name)) !== this.#table.readUInt32LE(length - 4)) {
      throw new DamagedFileError("its table does not fit its checksum");
    }
    this.pieces = (length - END) / LINE;
  }

  lengthOf(piece: number): number {
    return this.#table.readUInt32LE(piece * LINE);
  }

  /** The next piece, as much as the file has of it. Throws DamagedFileError. */
  piece(bytes: Uint8Array): Buffer {
    const line = this.#next++ * LINE;
    if (bytes.length !== this.#table.readUInt32LE(line)) throw new DamagedFileError("it ends early");
    if (crc32(bytes) !== this.#table.readUInt32LE(line + 4)) {
      throw new DamagedFileError("a piece does not fit its checksum");
    }
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

const NOTHING = new Uint8Array(0);

/** The table with its end, as long as it says that it is, where it lies behind the last piece. */
function tableOf(fd: number): Buffer {
  const file = fstatSync(fd);
  if (!file.isFile()) throw new DamagedFileError("it is no file");
  const { size } = file;
  const end = Buffer.alloc(END);
  if (size < END || readSync(fd, end, 0, END, size - END) < END) throw new DamagedFileError("it ends early");
  const pieces = end.readUInt32LE(0);
  // Before so much memory is taken.
  if (pieces > size / PIECE_SIZE + 1) throw new DamagedFileError("it has no table");
  const table = Buffer.alloc(pieces * LINE + END);
  const start = size - table.length;
  if (start < 0 || readSync(fd, table, 0, table.length, start) < table.length) {
    throw new DamagedFileError("it has no table");
  }
  const last = pieces === 0 ? 0 : (pieces - 1) * PIECE_SIZE + table.readUInt32LE((pieces - 1) * LINE);
  if (start !== last) throw new DamagedFileError("its table is not at its end");
  return table;
}

/** As much of a piece as is there. */
async function readPiece(fd: number, position: number, length: number): Promise<Uint8Array> {
  const piece = takeChunk(PIECE_SIZE);
  let done = 0;
  while (done < length) {
    const came = await readInto(fd, piece.subarray(done), length - done, position + done);
    if (came === 0) break;
    done += came;
  }
  return piece.subarray(0, done);
}
