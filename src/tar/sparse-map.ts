/**
 * Where the map of a sparse file stands. Source: GNU tar manual, "Storing Sparse Files" (old GNU, and the PAX formats
 * 0.0, 0.1 and 1.0).
 */
import type { Extension } from "./extended-headers.ts";
import { TarFault } from "./fault.ts";
import { readCount } from "./fields.ts";
import {
  BLOCK,
  type Field,
  GNU_SPARSE,
  GNU_SPARSE_EXTENSION,
  MAX_SPARSE_ENTRIES,
  padded,
  TYPEFLAG,
} from "./format.ts";
import { decimal, paxNumber } from "./pax.ts";
import { SparsePairs, tooManyEntries } from "./sparse.ts";

/** A map, perhaps to be completed by blocks that follow the header. */
export interface SparseMap {
  /** Bytes of the file, holes included. */
  readonly realSize: number;
  readonly pairs: SparsePairs;
  readonly complete: boolean;
  /** Bytes of the entry's size that are map and not contents. */
  readonly inside: number;
  /** Takes the next block; only while not complete. */
  push(block: Buffer): void;
}

/** The map of the file that `block` is the header of, or undefined where the file is an ordinary one. */
export function openSparseMap(
  block: Buffer,
  typeflag: string,
  extension: Extension,
  size: number,
): SparseMap | undefined {
  const { pax } = extension;
  if (typeflag === TYPEFLAG.GNUTYPE_SPARSE) return new GnuMap(block);
  if (pax.get("GNU.sparse.major") === "1" && pax.get("GNU.sparse.minor") === "0") {
    const realSize = paxNumber(pax, "GNU.sparse.realsize");
    if (realSize === undefined)
      throw new TarFault("a sparse file's extended header has no GNU.sparse.realsize");
    return new BodyMap(realSize, size);
  }
  const realSize = paxNumber(pax, "GNU.sparse.size");
  return realSize === undefined ? undefined : new RecordMap(realSize, extension);
}

/** Old GNU: pairs in the header and in blocks right after it. */
class GnuMap implements SparseMap {
  readonly realSize: number;
  readonly pairs = new SparsePairs();
  readonly inside = 0;
  complete: boolean;

  constructor(header: Buffer) {
    this.realSize = readCount(header, GNU_SPARSE.realsize);
    this.#readPairs(header, GNU_SPARSE.entries);
    this.complete = header[GNU_SPARSE.isextended.offset] === 0;
  }

  push(block: Buffer): void {
    this.#readPairs(block, GNU_SPARSE_EXTENSION.entries);
    this.complete = block[GNU_SPARSE_EXTENSION.isextended.offset] === 0;
  }

  #readPairs(block: Buffer, entries: Field): void {
    for (let at = entries.offset; at < entries.offset + entries.width; at += 24) {
      // An unused pair ends the list.
      if (block[at + 12] === 0) return;
      this.pairs.push(readCount(block, { name: "sparse offset", offset: at, width: 12 }));
      this.pairs.push(readCount(block, { name: "sparse numbytes", offset: at + 12, width: 12 }));
    }
  }
}

/** PAX 0.0 (a record for each number) and 0.1 (one record, commas between). */
class RecordMap implements SparseMap {
  readonly realSize: number;
  readonly pairs = new SparsePairs();
  readonly inside = 0;
  readonly complete = true;

  constructor(realSize: number, { pax, sparse }: Extension) {
    this.realSize = realSize;
    const map = pax.get("GNU.sparse.map");
    if (map !== undefined) {
      for (const text of map.split(",")) this.pairs.push(decimal(text, "a number of the sparse map"));
      return;
    }
    for (const [key, value] of sparse) {
      const isOffset = this.pairs.numbers.length % 2 === 0;
      if (isOffset !== (key === "GNU.sparse.offset")) {
        throw new TarFault("the sparse map's offsets and lengths are not in turn");
      }
      this.pairs.push(decimal(value, key));
    }
  }

  push(): void {}
}

const NEWLINE = 0x0a;
const LONGEST_NUMBER = 20;

/** PAX 1.0: lines of decimal numbers in front of the contents, padded to whole blocks; the first counts the pairs. */
class BodyMap implements SparseMap {
  readonly realSize: number;
  readonly pairs = new SparsePairs();
  inside = 0;
  complete = false;
  readonly #room: number;
  #line = "";
  #expected: number | undefined;

  constructor(realSize: number, size: number) {
    this.realSize = realSize;
    this.#room = padded(size);
    this.#checkRoom();
  }

  push(block: Buffer): void {
    this.inside += BLOCK;
    for (const byte of block) {
      if (byte !== NEWLINE) {
        this.#line += String.fromCharCode(byte);
        if (this.#line.length > LONGEST_NUMBER) throw new TarFault("the sparse map holds more than numbers");
        continue;
      }
      this.#take(decimal(this.#line, "a number of the sparse map"));
      this.#line = "";
      if (this.complete) return;
    }
    this.#checkRoom();
  }

  #take(value: number): void {
    if (this.#expected !== undefined) this.pairs.push(value);
    else if (value > MAX_SPARSE_ENTRIES) throw tooManyEntries();
    else this.#expected = 2 * value;
    this.complete = this.pairs.numbers.length === this.#expected;
  }

  #checkRoom(): void {
    if (this.inside >= this.#room) throw new TarFault("the sparse map is longer than the entry");
  }
}
