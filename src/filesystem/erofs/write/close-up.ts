/** Contents close up what other contents left: the filesystem ends where the last of them does. */
import type { Extent, Mapped, Run } from "../../../blocks/blocks.ts";
import type { WrittenBlocks } from "../../../blocks/content-space.ts";
import type { Move } from "../../../blocks/relocation.ts";
import {
  intersect,
  intersectRun,
  RunCollector,
  type RunSet,
  runSetOf,
  subtract,
} from "../../../blocks/runs.ts";
import { assert } from "../../../errors.ts";
import { LowestGaps } from "./lowest-gaps.ts";

/** The superblock has block 0. */
export const FIRST_BLOCK = 1;

/** What contents take in the end. */
export interface ContentPlaces {
  /** Ascending by `from`; no block is both read and written. */
  readonly moves: readonly Move[];
  /** Where the contents of a moved file lie then, by its index. */
  readonly moved: ReadonlyMap<number, readonly Extent[]>;
  /** Blocks that files have, whether anything is in them or not. */
  readonly taken: RunSet;
  /** Blocks with contents in them. */
  readonly filled: RunSet;
  /** Blocks that were ever written to. */
  readonly written: RunSet;
}

/** An extent of a file. */
interface Unit extends Run {
  readonly index: number;
  /** Its place among the file's. */
  readonly extent: number;
}

/**
 * Moves the last extents into gaps, each in one piece, until no more gaps are left than `metadata` blocks fill. Parts
 * that nothing was written to are not copied.
 */
export function closeUp(files: readonly Mapped[], contents: WrittenBlocks, metadata: number): ContentPlaces {
  const written = runSetOf(contents.written);
  assert((written.ends.at(-1) ?? 0) <= contents.end, "contents were written past their end");
  const units = unitsOf(files);
  const live = runsOf(units);
  const targets = chooseTargets(units, live, metadata);
  if (targets.size === 0) {
    return { moves: [], moved: new Map(), taken: live, filled: intersect(written, live), written };
  }
  const moves: Move[] = [];
  const filled = new RunCollector();
  const taken = new RunCollector();
  for (const unit of units) {
    const to = targets.get(unit) ?? unit.start;
    taken.add(to, unit.length);
    for (const { start, length } of intersectRun(written, unit.start, unit.length)) {
      const place = to + start - unit.start;
      filled.add(place, length);
      if (to !== unit.start) moves.push({ from: start, to: place, length });
    }
  }
  return {
    moves: moves.sort((a, b) => a.from - b.from),
    moved: movedExtents(files, targets),
    taken: taken.union("forbidden", "files"),
    filled: filled.union("forbidden", "contents"),
    written,
  };
}

function unitsOf(files: readonly Mapped[]): Unit[] {
  return files.flatMap(({ extents }, index) =>
    extents.map(({ physical, length }, extent) => ({ start: physical, length, index, extent })),
  );
}

function runsOf(units: readonly Unit[]): RunSet {
  const runs = new RunCollector();
  for (const { start, length } of units) runs.add(start, length);
  return runs.union("forbidden", "files");
}

/** Where those go that move: from the last one on, as far as there is a gap for each. */
function chooseTargets(units: readonly Unit[], live: RunSet, metadata: number): ReadonlyMap<Unit, number> {
  const targets = new Map<Unit, number>();
  const least = units.reduce((sum, { length }) => sum + length, FIRST_BLOCK + metadata);
  let end = live.ends.at(-1) ?? FIRST_BLOCK;
  if (end <= least) return targets;
  const gaps = new LowestGaps(subtract({ starts: [FIRST_BLOCK], ends: [end] }, live));
  const lastFirst = [...units].sort((a, b) => b.start - a.start);
  for (const [i, unit] of lastFirst.entries()) {
    const next = lastFirst[i + 1];
    const nextEnd = next === undefined ? FIRST_BLOCK : next.start + next.length;
    if (end <= least) break;
    const to = gaps.take(unit.length, unit.start);
    if (to === undefined) break;
    targets.set(unit, to);
    // It may be right behind the next one, and is still the end then.
    if (to >= nextEnd) break;
    end = nextEnd;
  }
  return targets;
}

function movedExtents(
  files: readonly Mapped[],
  targets: ReadonlyMap<Unit, number>,
): ReadonlyMap<number, readonly Extent[]> {
  const moved = new Map<number, Extent[]>();
  for (const [{ index, extent }, physical] of targets) {
    const extents = moved.get(index) ?? [...(files[index]?.extents ?? [])];
    const old = extents[extent];
    if (old !== undefined) extents[extent] = { ...old, physical };
    moved.set(index, extents);
  }
  return moved;
}
