import { type BlockBounds, BlockEnding, type Packed } from "./ending.ts";
import { LAST_LITERALS, MATCH_BORDER, MAX_DISTANCE, MIN_MATCH } from "./format.ts";
import { type Match, putSequence } from "./sequence.ts";
import { hashOf, matchEnd, type Words } from "./words.ts";

const HASH_BITS = 15;
const WINDOW = MAX_DISTANCE + 1;

/** For each hash of four bytes the place behind the one where it was seen last; 0: nowhere. */
const heads = new Int32Array(1 << HASH_BITS);
/** For each place in the window, the distance to the one before with the same hash; MAX_DISTANCE: too far, or none. */
const chain = new Uint16Array(WINDOW);

/**
 * Takes the longest of many matches, `attempts` at most for each place, and a longer one that begins a place later
 * instead: slower, and smaller by an eighth.
 */
export function compressByChains(input: Words, bounds: BlockBounds, output: Words, attempts: number): Packed {
  const ending = new BlockEnding(bounds);
  const search = new Search(input, bounds, attempts);
  const lastStart = bounds.to - MATCH_BORDER;
  let size = 0;
  let done = bounds.from;
  for (let at = done; at <= lastStart; ) {
    let match = search.longest(at, done, MIN_MATCH - 1);
    at++;
    if (match === undefined) continue;
    for (; at <= lastStart && at < match.end; at++) {
      const later = search.longest(at, done, match.end - match.start + 1);
      if (later === undefined) break;
      match = later;
    }
    if (!ending.settle(size, done, match)) break;
    if (size + match.start - done > bounds.limit) break;
    size = putSequence(input, done, match, output, size);
    done = match.end;
    at = done;
  }
  return ending.finish(input, output, size, done);
}

/** The places of a block's input that were seen so far. */
class Search {
  readonly #input: Words;
  readonly #from: number;
  readonly #lastEnd: number;
  readonly #lastStart: number;
  readonly #attempts: number;
  /** First place that is not in the chains. */
  #next: number;

  constructor(input: Words, { from, to }: BlockBounds, attempts: number) {
    this.#input = input;
    this.#from = from;
    this.#lastEnd = to - LAST_LITERALS;
    this.#lastStart = to - MATCH_BORDER;
    this.#attempts = attempts;
    this.#next = from;
    heads.fill(0);
  }

  /** The longest match around `at` that begins at `done` or later, if it is longer than `least`. */
  longest(at: number, done: number, least: number): Match | undefined {
    const { bytes, view } = this.#input;
    this.#insertBefore(at);
    const word = view.getInt32(at, true);
    let longest = least;
    let best: Match | undefined;
    let back = (heads[hashOf(word, HASH_BITS)] as number) - 1;
    for (let tries = this.#attempts; tries > 0 && back >= this.#from && at - back <= MAX_DISTANCE; tries--) {
      if (
        view.getInt32(back, true) === word &&
        // What is longer has the byte behind the longest so far, too.
        (best === undefined || bytes[best.end] === bytes[best.end - at + back])
      ) {
        const distance = at - back;
        const end = matchEnd(view, at + MIN_MATCH, distance, this.#lastEnd);
        let start = at;
        while (
          start > done &&
          start - distance > this.#from &&
          bytes[start - 1] === bytes[start - 1 - distance]
        ) {
          start--;
        }
        if (end - start > longest) {
          longest = end - start;
          best = { start, distance, end };
        }
      }
      const further = chain[back % WINDOW] as number;
      if (further === MAX_DISTANCE) break;
      back -= further;
    }
    return best;
  }

  #insertBefore(end: number): void {
    const { view } = this.#input;
    const last = Math.min(end, this.#lastStart + 1);
    for (let at = this.#next; at < last; at++) {
      const hash = hashOf(view.getInt32(at, true), HASH_BITS);
      chain[at % WINDOW] = Math.min(at + 1 - (heads[hash] as number), MAX_DISTANCE);
      heads[hash] = at + 1;
    }
    this.#next = Math.max(this.#next, last);
  }
}
