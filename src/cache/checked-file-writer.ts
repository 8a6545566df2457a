import { write } from "node:fs";
import { DirectFile, PAGE } from "../disk/direct-file.ts";
import { giveBack, takeChunk } from "../memory/chunks.ts";
import { PIECE_SIZE, PieceTable } from "./checked-file.ts";

/** Pieces that are written together: to a virtual disk a write of 1 MiB alone costs more for its bytes. */
const TOGETHER = 2;
const GROUP_SIZE = TOGETHER * PIECE_SIZE;
/** Groups at hand for a writer: one to fill, the others on their way. */
const GROUPS = 3;

/** Memory of writers that are done: left to the garbage collector it piles up. One for each layer at a time. */
const spare: Uint8Array[] = [];
const MOST_SPARE = 2;

/** Has memory stay as it is until what this returns is called. */
export type Hold = () => () => void;

/** Pieces that lie in a row, in memory as in the file, and are written from there. */
interface Row {
  readonly bytes: Uint8Array;
  readonly position: number;
  readonly releases: readonly (() => void)[];
}

/**
 * Writes a checked file, past the page cache where the system lets it: it may be as large as an image. Each piece comes
 * in memory of this one's (`next`, `put`), or is written from where it lies (`place`).
 */
export class CheckedFileWriter {
  readonly #fd: number;
  readonly #path: string;
  readonly #name: string;
  readonly #table = new PieceTable();
  #direct: DirectFile | undefined;
  /** Memory of the first piece, which is written alone, or of the group that is being filled. */
  #group: Uint8Array | undefined;
  /** Bytes of it that have pieces, and where it belongs. */
  #filled = 0;
  #groupAt = 0;
  #memory: Uint8Array | undefined;
  #free: Uint8Array[] = [];
  #row: Row | undefined;
  /** Whether pieces can be written from where they lie; undefined: that was not tried. */
  #placing: boolean | undefined;
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** @param fd of an empty file, which stays the caller's */
  constructor(fd: number, path: string, name: string) {
    this.#fd = fd;
    this.#path = path;
    this.#name = name;
  }

  /** Where in the file the next piece comes. */
  get position(): number {
    return this.#table.pieces * PIECE_SIZE;
  }

  /** Memory for the next piece: PIECE_SIZE bytes. Rejects with the system's error of an earlier one. */
  async next(): Promise<Buffer> {
    if (this.#group !== undefined && this.#filled === this.#group.length) this.#sendGroup(false);
    if (this.#group === undefined) this.#groupAt = this.position;
    if (this.position === 0) this.#group ??= takeChunk(PIECE_SIZE);
    while (this.#group === undefined && this.#free.length === 0) {
      await Promise.race(this.#underWay);
      this.#check();
    }
    this.#group ??= this.#free.pop();
    const { buffer, byteOffset } = this.#group ?? new Uint8Array(PIECE_SIZE);
    return Buffer.from(buffer, byteOffset + this.#filled, PIECE_SIZE);
  }

  /** Hands on the memory that `next` gave, of which so many bytes are filled. */
  put(length: number): void {
    if (this.#group === undefined) throw new RangeError("no piece is at hand");
    const piece = this.#group.subarray(this.#filled, this.#filled + PIECE_SIZE);
    this.#table.add(piece.subarray(0, length));
    // What was in the memory before is nobody's to find in a file.
    if (this.position > PIECE_SIZE) piece.fill(0, length);
    this.#filled += PIECE_SIZE;
  }

  /**
   * Writes the next piece from where it lies. False: it can not be written so, and nothing has been done. All pieces of
   * a file come in this way or none. Throws the system's error of an earlier one.
   */
  place(piece: Uint8Array, hold: Hold): boolean {
    this.#check();
    this.#placing ??= this.#tryPlacing(piece);
    if (!this.#placing) return false;
    const { position } = this;
    const row = this.#row;
    this.#table.add(piece);
    const release = hold();
    if (row !== undefined && follows(piece, row.bytes) && row.position + row.bytes.length === position) {
      const bytes = new Uint8Array(piece.buffer, row.bytes.byteOffset, row.bytes.length + piece.length);
      this.#row = { bytes, position: row.position, releases: [...row.releases, release] };
    } else {
      this.#sendRow();
      this.#row = { bytes: piece, position, releases: [release] };
    }
    if (this.#row.bytes.length >= GROUP_SIZE) this.#sendRow();
    return true;
  }

  /** Has what was placed written: it is held until then. */
  flush(): void {
    this.#sendRow();
  }

  /** There are no more pieces. Throws what a write failed with. */
  async finish(): Promise<void> {
    this.#sendRow();
    if (this.#group !== undefined && this.#filled > 0) this.#sendGroup(true);
    await Promise.all(this.#underWay);
    this.#check();
    await this.#writeAll(this.#table.bytes(this.#name), this.#table.end);
  }

  /** Waits for what is under way, whatever becomes of it, and writes no more. */
  async settle(): Promise<void> {
    this.#sendRow();
    await Promise.all(this.#underWay);
    this.#direct?.close();
    this.#direct = undefined;
    if (this.#memory !== undefined && spare.length < MOST_SPARE) spare.push(this.#memory);
    this.#memory = undefined;
    this.#free = [];
  }

  #tryPlacing(piece: Uint8Array): boolean {
    if (this.position > 0 || piece.length < PAGE) return false;
    const direct = DirectFile.open(this.#path);
    try {
      if (direct?.takes(piece) === true) this.#direct = direct;
    } finally {
      if (this.#direct === undefined) direct?.close();
    }
    return this.#direct !== undefined;
  }

  /** Before anything is written: trying the memory out writes to the first page. Short files need none. */
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

  #sendGroup(isLast: boolean): void {
    const group = this.#group ?? new Uint8Array(0);
    const isFirst = this.#groupAt === 0;
    if (isFirst && !isLast) this.#goDirect();
    const end = isFirst || isLast ? this.#table.end - this.#groupAt : this.#filled;
    this.#group = undefined;
    this.#filled = 0;
    this.#send(group.subarray(0, end), this.#groupAt, () => {
      if (isFirst) giveBack(group);
      else this.#free.push(group);
    });
  }

  #sendRow(): void {
    const row = this.#row;
    this.#row = undefined;
    if (row === undefined) return;
    this.#send(row.bytes, row.position, () => {
      for (const release of row.releases) release();
    });
  }

  #send(bytes: Uint8Array, position: number, done: () => void): void {
    const sent: Promise<void> = this.#writeAll(bytes, position)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => {
        this.#underWay.delete(sent);
        done();
      });
    this.#underWay.add(sent);
  }

  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    const whole = bytes.length - (bytes.length % PIECE_SIZE);
    const isPast = whole > 0 && (await this.#direct?.write(position, bytes.subarray(0, whole))) === true;
    for (let done = isPast ? whole : 0; done < bytes.length; ) {
      done += await writeSome(this.#fd, bytes.subarray(done), position + done);
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function follows(piece: Uint8Array, bytes: Uint8Array): boolean {
  return piece.buffer === bytes.buffer && piece.byteOffset === bytes.byteOffset + bytes.length;
}

function writeSome(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, position, (error, written) =>
      error ? reject(error) : resolve(written),
    );
  });
}
