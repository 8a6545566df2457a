/** The entries of a directory in byte order of their names, without a string for any. */
import type { Steps } from "../waiting/steps.ts";
import type { Entries, Inode } from "./inode.ts";
import { Names } from "./names.ts";

/** Bits of a number that says everything a Float64Array sorts by. */
const KEY_BITS = 53;
/** What a key counts in: a byte, or the end of the name, which comes before any byte. */
const RADIX = 257;
const BITS_OF_RADIX = Math.log2(RADIX);
/** Up to so many names are put in their places one by one. */
const FEW = 6;
/** Names that are looked at without a pause. */
const PER_STEP = 2 ** 12;
const scratch = new Float64Array(PER_STEP);

/** Entries by their places in the order, which a change of the directory does not change. */
export class SortedEntries {
  readonly #names: Names<Inode>;
  readonly #places: Uint32Array;

  constructor(names: Names<Inode>, places: Uint32Array) {
    this.#names = names;
    this.#places = places;
  }

  get length(): number {
    return this.#places.length;
  }

  /** Undefined past the end, and where the name has gone since. */
  inode(at: number): Inode | undefined {
    return this.#names.valueAt(this.#placeOf(at));
  }

  /** The name, one character for each byte; "" past the end. */
  name(at: number): string {
    return at < this.length ? this.#names.nameAt(this.#placeOf(at)) : "";
  }

  /** Bytes of the name. */
  nameLength(at: number): number {
    return this.#names.lengthAt(this.#placeOf(at));
  }

  /** Byte `i` of the name; undefined past its end. */
  nameByte(at: number, i: number): number | undefined {
    return this.#names.byteAt(this.#placeOf(at), i);
  }

  /** Writes the name to `target` from byte `to` on. */
  copyName(at: number, target: Uint8Array, to: number): void {
    this.#names.copyAt(this.#placeOf(at), target, to);
  }

  #placeOf(at: number): number {
    return this.#places[at] ?? this.#names.places;
  }
}

/** Sorts by the names; the directory stays as it is. */
export function* sortedEntries(entries: Entries): Steps<SortedEntries> {
  const names = entries instanceof Names ? (entries as Names<Inode>) : namesOf(entries);
  const places = new Uint32Array(names.size);
  let count = 0;
  for (let place = 0; place < names.places; place++) {
    if (names.valueAt(place) !== undefined) places[count++] = place;
  }
  yield* sortPlaces(names, places);
  return new SortedEntries(names, places);
}

function namesOf(entries: Entries): Names<Inode> {
  const names = new Names<Inode>();
  for (const [name, inode] of entries) names.set(name, inode);
  return names;
}

/** Places whose names have the first `depth` bytes in common. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

/**
 * By as many bytes at a time as a number holds, behind those that all have in common: a sort of numbers calls nothing of
 * ours. What these do not tell apart is sorted by the next ones, so no byte is looked at twice.
 */
function* sortPlaces(names: Names<Inode>, places: Uint32Array): Steps<void> {
  const ranges: Range[] = [{ from: 0, to: places.length, depth: 0 }];
  let sinceYield = 0;
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const { from, to } = range;
    sinceYield += to - from;
    if (to - from <= FEW) sortFew(names, places, range);
    else {
      const prefix = yield* commonEnd(names, places, range);
      yield* sortByKeys(names, places, { from, to, depth: prefix }, ranges);
    }
    if (sinceYield < PER_STEP) continue;
    sinceYield = 0;
    yield;
  }
}

/** By insertion. */
function sortFew(names: Names<Inode>, places: Uint32Array, { from, to, depth }: Range): void {
  for (let next = from + 1; next < to; next++) {
    const place = places[next] ?? 0;
    let at = next;
    for (; at > from && names.isBefore(place, places[at - 1] ?? 0, depth); at--) {
      places[at] = places[at - 1] ?? 0;
    }
    places[at] = place;
  }
}

/** Up to which byte all names are the same. */
function* commonEnd(names: Names<Inode>, places: Uint32Array, { from, to, depth }: Range): Steps<number> {
  const first = places[from] ?? 0;
  let end = names.lengthAt(first);
  for (let i = from + 1; i < to && end > depth; i++) {
    end = names.commonEnd(first, places[i] ?? 0, depth, end);
    if (i % PER_STEP === 0) yield;
  }
  return end;
}

/** Sorts by the bytes from `depth` on that a key holds; those of one key become a range of their own. */
function* sortByKeys(
  names: Names<Inode>,
  places: Uint32Array,
  { from, to, depth }: Range,
  ranges: Range[],
): Steps<void> {
  const count = to - from;
  const bits = 32 - Math.clz32(count);
  const digits = Math.floor((KEY_BITS - bits) / BITS_OF_RADIX);
  const keys = count < PER_STEP ? scratch.subarray(0, count) : new Float64Array(count);
  const unsorted = places.slice(from, to);
  for (let i = 0; i < count; i++) {
    keys[i] = names.digitsAt(unsorted[i] ?? 0, depth, digits, RADIX) * 2 ** bits + i;
    if (i % PER_STEP === PER_STEP - 1) yield;
  }
  keys.sort();
  let start = from;
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const key = keys[i] ?? 0;
    const own = Math.floor(key / 2 ** bits);
    places[from + i] = unsorted[key - own * 2 ** bits] ?? 0;
    if (own === previous) continue;
    if (from + i - start > 1) ranges.push({ from: start, to: from + i, depth: depth + digits });
    start = from + i;
    previous = own;
  }
  if (to - start > 1) ranges.push({ from: start, to, depth: depth + digits });
}
