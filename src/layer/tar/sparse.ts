import { TarFault } from "./fault.ts";
import { MAX_SPARSE_ENTRIES } from "./format.ts";

/** `length` stored bytes that belong at byte `offset` of the file. */
export interface Segment {
  readonly offset: number;
  readonly length: number;
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
