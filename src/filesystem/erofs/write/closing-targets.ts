/** What of an image's contents goes where, so that it ends earlier. */
import type { MappedList, Run } from "../../../blocks/blocks.ts";
import { type RunSet, subtract } from "../../../blocks/runs.ts";
import { LowestGaps } from "./lowest-gaps.ts";
import { findWindow } from "./window.ts";

/** The superblock has block 0. */
export const FIRST_BLOCK = 1;

/** What is in the image: the extents of each file, and blocks that lie by themselves. */
export interface Live {
  readonly files: MappedList;
  readonly blocks: readonly number[];
}

/** An extent of a file, or a block by itself. */
export interface Unit extends Run {
  /** Of the file, or, behind all files, of the block. */
  readonly index: number;
  /** Its place among the file's. */
  readonly extent: number;
}

export interface Targets {
  /** The first block of each unit that moves, when it has moved. */
  readonly places: ReadonlyMap<Unit, number>;
  /** Those of them that make room for others. */
  readonly vacating: ReadonlySet<Unit>;
}

export const NO_TARGETS: Targets = { places: new Map(), vacating: new Set() };

/** Each window is looked for among all gaps. */
const MOST_WINDOWS = 64;

export function endOf({ ends }: RunSet): number {
  return ends.at(-1) ?? FIRST_BLOCK;
}

/** Where those go that move: from the last one on, as far as there is room for each, until the end is `least`. */
export function chooseTargets(all: Live, taken: RunSet, least: number): Targets {
  const lastFirst = unitsBehind(all, least);
  const gaps = new LowestGaps(subtract({ starts: [FIRST_BLOCK], ends: [endOf(taken)] }, taken));
  const vacated = new VacatedWindows(gaps, all, least);
  const places = new Map<Unit, number>();
  let end = endOf(taken);
  for (const [i, unit] of lastFirst.entries()) {
    const next = lastFirst[i + 1];
    const nextEnd = next === undefined ? FIRST_BLOCK : next.start + next.length;
    if (end <= least) break;
    const to = gaps.take(unit.length, unit.start) ?? vacated.take(unit.length);
    if (to === undefined) break;
    places.set(unit, to);
    // It may be right behind the next one, and is still the end then.
    if (to >= nextEnd) break;
    end = nextEnd;
  }
  for (const [unit, to] of vacated.places) places.set(unit, to);
  return { places, vacating: new Set(vacated.places.keys()) };
}

/** Room for what is longer than any gap: between gaps, where what lies there goes to others. */
class VacatedWindows {
  readonly places = new Map<Unit, number>();
  readonly #gaps: LowestGaps;
  readonly #all: Live;
  readonly #before: number;
  /** Made for the first window: most images need none. */
  #lastFirst: readonly Unit[] | undefined;
  #left = MOST_WINDOWS;

  /** @param before where every window ends: what lies there stays, if it makes no room */
  constructor(gaps: LowestGaps, all: Live, before: number) {
    this.#gaps = gaps;
    this.#all = all;
    this.#before = before;
  }

  /** The first of `length` blocks; undefined where it would be as much again that moves, or finds no place. */
  take(length: number): number | undefined {
    if (this.#left-- === 0) return undefined;
    const window = findWindow(this.#gaps, length, this.#before, length);
    if (window === undefined) return undefined;
    const { first, last, start } = window;
    for (let gap = first; gap < last; gap++) this.#gaps.keepLast(gap, 0);
    this.#gaps.keepLast(last, Math.min(window.length - length, this.#gaps.all(last).length));
    const places = this.#placesFor(this.#unitsIn(start, start + window.length));
    if (places === undefined) return undefined;
    for (const [unit, to] of places) this.places.set(unit, to);
    return start;
  }

  /** Places for all of them, the longest first; undefined where there is none for one. */
  #placesFor(units: readonly Unit[]): Map<Unit, number> | undefined {
    const places = new Map<Unit, number>();
    for (const unit of [...units].sort((a, b) => b.length - a.length)) {
      const to = this.#gaps.take(unit.length, this.#before - unit.length);
      if (to === undefined) return undefined;
      places.set(unit, to);
    }
    return places;
  }

  #unitsIn(start: number, end: number): readonly Unit[] {
    this.#lastFirst ??= unitsBehind(this.#all, 0);
    return this.#lastFirst.slice(firstBelow(this.#lastFirst, end), firstBelow(this.#lastFirst, start));
  }
}

/** The first of the units that begins below the block; all behind it do so, too. */
function firstBelow(lastFirst: readonly Unit[], block: number): number {
  let [low, high] = [0, lastFirst.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lastFirst[middle]?.start ?? 0) < block) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What does not end before the block, the last one first. */
function unitsBehind({ files, blocks }: Live, block: number): readonly Unit[] {
  const units: Unit[] = [];
  for (let index = 0; index < files.length; index++) {
    let extent = 0;
    for (const { physical, length } of files.passingExtents(index)) {
      if (physical + length > block) units.push({ start: physical, length, index, extent });
      extent++;
    }
  }
  for (const [i, start] of blocks.entries()) {
    if (start >= block) units.push({ start, length: 1, index: files.length + i, extent: 0 });
  }
  return units.sort((a, b) => b.start - a.start);
}
