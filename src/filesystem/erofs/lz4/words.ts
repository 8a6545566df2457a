import { viewOf } from "../../../blocks/field.ts";

/** Bytes that are read or written by fours, too: a view does that at any place, and in half the time of four bytes. */
export interface Words {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function wordsOf(bytes: Uint8Array): Words {
  return { bytes, view: viewOf(bytes) };
}

/** 2^32 divided by the golden ratio: spreads words over the hashes. */
export const HASH_MULTIPLIER = 2_654_435_761 | 0;

/** A hash of `bits` bits of four bytes. */
export function hashOf(word: number, bits: number): number {
  return Math.imul(word, HASH_MULTIPLIER) >>> (32 - bits);
}

/**
 * Where the bytes from `at` on cease to be those `distance` before them, `last` at the latest. Looks at up to three
 * bytes past that.
 */
export function matchEnd(view: DataView, at: number, distance: number, last: number): number {
  for (let end = at; end < last; end += 4) {
    const difference = view.getInt32(end, true) ^ view.getInt32(end - distance, true);
    if (difference === 0) continue;
    const lowestBit = 31 - Math.clz32(difference & -difference);
    return Math.min(end + (lowestBit >> 3), last);
  }
  return last;
}
