import { assert } from "../errors.ts";
import { TarFault } from "./fault.ts";
import { MAX_SPARSE_ENTRIES } from "./format.ts";

/** `length` stored bytes that belong at byte `offset` of the file. */
export interface Segment {
  readonly offset: number;
  readonly length: number;
}

/** A place in the stored bytes, and where it belongs in the file: one for all files of an archive. */
export class SegmentCursor {
  #segments: readonly Segment[] = [];
  #index = 0;
  /** Bytes of the segment behind the place. */
  #within = 0;

  /** Goes to the beginning of a file. */
  begin(segments: readonly Segment[]): void {
    this.#segments = segments;
    this.#index = 0;
    this.#within = 0;
  }

  /** Byte of the file. */
  get offset(): number {
    return this.#segment.offset + this.#within;
  }

  /** Goes on by up to `bytes` stored bytes that lie together in the file, and returns their number. */
  advance(bytes: number): number {
    const left = this.#segment.length - this.#within;
    if (bytes < left) {
      this.#within += bytes;
      return bytes;
    }
    this.#index++;
    this.#within = 0;
    return left;
  }

  get #segment(): Segment {
    const segment = this.#segments[this.#index];
    assert(segment !== undefined, "the sparse map holds less than the entry");
    return segment;
  }
}

/** The numbers of a sparse file's map as they are read: offset and length in turn, a bounded number of them. */
export class SparsePairs {
  readonly numbers: number[] = [];

  push(value: number): void {
    if (this.numbers.length >= 2 * MAX_SPARSE_ENTRIES) throw tooManyEntries();
    this.numbers.push(value);
  }

  /** The map: ascending, inside `realSize`, as many bytes as are stored. Throws TarFault if it is not so. */
  segments(realSize: number, stored: number): Segment[] {
    const { numbers } = this;
    if (numbers.length % 2 !== 0) throw new TarFault("the sparse map ends in the middle of a pair");
    const segments: Segment[] = [];
    let end = 0;
    let sum = 0;
    for (let at = 0; at < numbers.length; at += 2) {
      const offset = numbers[at] ?? 0;
      const length = numbers[at + 1] ?? 0;
      if (offset < end || length < 0 || offset + length > realSize) {
        throw new TarFault("the sparse map is not ascending or reaches beyond the file's size");
      }
      end = offset + length;
      sum += length;
      if (length > 0) segments.push({ offset, length });
    }
    if (sum !== stored) throw new TarFault(`the sparse map holds ${sum} bytes and the entry ${stored}`);
    return segments;
  }
}

export function tooManyEntries(): TarFault {
  return new TarFault(`the sparse map has more than ${MAX_SPARSE_ENTRIES} entries`);
}
