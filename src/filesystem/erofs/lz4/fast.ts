import { type BlockBounds, BlockEnding, type Packed } from "./ending.ts";
import { LAST_LITERALS, LENGTH_MORE, MATCH_BORDER, MAX_DISTANCE, MIN_MATCH, TOKEN_MOST } from "./format.ts";
import { HASH_MULTIPLIER, type Words } from "./words.ts";

const HASH_BITS = 13;
const HASH_SHIFT = 32 - HASH_BITS;
/** After 2 to this many misses in a row positions are passed over, more and more: what does not shrink costs little. */
const PATIENCE_BITS = 6;

/**
 * For each hash of four bytes the low 16 bits of the place where it was seen last: as matches are nearer than 64 KiB,
 * they say all.
 */
const places = new Uint16Array(1 << HASH_BITS);

/** Takes the first match there is, as the reference's fast mode does, and looks right behind it for another one. */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: with functions for its parts it is half as fast
export function compressFast(input: Words, bounds: BlockBounds, output: Words): Packed {
  const ending = new BlockEnding(bounds);
  const { from, to, limit } = bounds;
  const { bytes, view } = input;
  const { bytes: out, view: outView } = output;
  const lastStart = to - MATCH_BORDER;
  const lastEnd = to - LAST_LITERALS;
  let { reach } = ending;
  let size = 0;
  let done = from;
  let at = from + 1;
  places.fill(from);
  search: for (;;) {
    let back = 0;
    for (let next = at, misses = 1 << PATIENCE_BITS; ; misses++) {
      at = next;
      next += misses >> PATIENCE_BITS;
      if (next > lastStart) break search;
      const word = view.getInt32(at, true);
      const slot = Math.imul(word, HASH_MULTIPLIER) >>> HASH_SHIFT;
      back = at - ((at - (places[slot] as number)) & MAX_DISTANCE);
      places[slot] = at;
      if (back !== at && back >= from && view.getInt32(back, true) === word) break;
    }
    for (;;) {
      while (at > done && back > from && bytes[at - 1] === bytes[back - 1]) {
        at--;
        back--;
      }
      let end = at + MIN_MATCH;
      for (let same = back + MIN_MATCH; end < lastEnd; end += 4, same += 4) {
        const difference = view.getInt32(end, true) ^ view.getInt32(same, true);
        if (difference === 0) continue;
        end += (31 - Math.clz32(difference & -difference)) >> 3;
        break;
      }
      if (end > lastEnd) end = lastEnd;
      if (end > reach) {
        if (!ending.settle(size, done, { start: at, distance: at - back, end })) break search;
        reach = ending.reach;
      }
      const literals = at - done;
      if (size + literals > limit) break search;
      const length = end - at - MIN_MATCH;
      out[size++] = (literals < TOKEN_MOST ? literals << 4 : TOKEN_MOST << 4) | Math.min(length, TOKEN_MOST);
      if (literals >= TOKEN_MOST) {
        let rest = literals - TOKEN_MOST;
        for (; rest >= LENGTH_MORE; rest -= LENGTH_MORE) out[size++] = LENGTH_MORE;
        out[size++] = rest;
      }
      for (let i = 0; i < literals; i += 4) outView.setInt32(size + i, view.getInt32(done + i, true), true);
      size += literals;
      outView.setInt16(size, at - back, true);
      size += 2;
      if (length >= TOKEN_MOST) {
        let rest = length - TOKEN_MOST;
        for (; rest >= LENGTH_MORE; rest -= LENGTH_MORE) out[size++] = LENGTH_MORE;
        out[size++] = rest;
      }
      done = end;
      at = end;
      if (end > lastStart) break search;
      places[Math.imul(view.getInt32(end - 2, true), HASH_MULTIPLIER) >>> HASH_SHIFT] = end - 2;
      const word = view.getInt32(at, true);
      const slot = Math.imul(word, HASH_MULTIPLIER) >>> HASH_SHIFT;
      back = at - ((at - (places[slot] as number)) & MAX_DISTANCE);
      places[slot] = at;
      if (back !== at && back >= from && view.getInt32(back, true) === word) continue;
      at++;
      break;
    }
  }
  return ending.finish(input, output, size, done);
}
