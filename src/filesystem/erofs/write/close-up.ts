/** Contents close up what other contents left: the filesystem ends where the last of them does. */
import type { Extent, Mapped, Run } from "../../../blocks/blocks.ts";
import type { WrittenBlocks } from "../../../blocks/content-space.ts";
import type { Move } from "../../../blocks/relocation.ts";
import {
  blocksIn,
  intersect,
  intersectRun,
  RunCollector,
  type RunSet,
  runSetOf,
  subtract,
  unite,
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
  /** Where a moved block lies then, by its index. */
  readonly movedBlocks: ReadonlyMap<number, number>;
  /** Blocks that files have, whether anything is in them or not. */
  readonly taken: RunSet;
  /** Blocks with contents in them. */
  readonly filled: RunSet;
  /** Blocks that were ever written to. */
  readonly written: RunSet;
}

/** What is in the image: the extents of each file, and blocks that lie by themselves. */
export interface Live {
  readonly files: readonly Mapped[];
  readonly blocks: readonly number[];
}

/** An extent of a file, or a block by itself. */
interface Unit extends Run {
  /** Of the file, or, behind all files, of the block. */
  readonly index: number;
  /** Its place among the file's. */
  readonly extent: number;
}

/**
 * Moves the last extents into gaps, each in one piece, until no more gaps are left than `metadata` blocks fill. Parts
 * that nothing was written to are not copied.
 */
export function closeUp(all: Live, contents: WrittenBlocks, metadata: number): ContentPlaces {
  const written = runSetOf(contents.written);
  assert((written.ends.at(-1) ?? 0) <= contents.end, "contents were written past their end");
  const taken = takenBy(all);
  const stay = { moves: [], moved: new Map(), movedBlocks: new Map(), taken };
  const least = FIRST_BLOCK + metadata + blocksIn(taken);
  // Most images have no gaps worth a look at each extent.
  const targets = endOf(taken) <= least ? new Map<Unit, number>() : chooseTargets(all, taken, least);
  if (targets.size === 0) return { ...stay, filled: intersect(written, taken), written };
  return { ...afterMoves(all, targets, taken, written), written };
}

function endOf({ ends }: RunSet): number {
  return ends.at(-1) ?? FIRST_BLOCK;
}

function takenBy({ files, blocks }: Live): RunSet {
  const runs = new RunCollector();
  for (const { extents } of files) for (const { physical, length } of extents) runs.add(physical, length);
  for (const block of blocks) runs.add(block, 1);
  return runs.union("forbidden", "files");
}

/** Where those go that move: from the last one on, as far as there is a gap for each. */
function chooseTargets(all: Live, taken: RunSet, least: number): ReadonlyMap<Unit, number> {
  const targets = new Map<Unit, number>();
  let end = endOf(taken);
  const gaps = new LowestGaps(subtract({ starts: [FIRST_BLOCK], ends: [end] }, taken));
  const lastFirst = unitsOf(all).sort((a, b) => b.start - a.start);
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

function unitsOf({ files, blocks }: Live): Unit[] {
  const units: Unit[] = [];
  for (const [index, { extents }] of files.entries()) {
    for (const [extent, { physical, length }] of extents.entries()) {
      units.push({ start: physical, length, index, extent });
    }
  }
  for (const [i, start] of blocks.entries()) {
    units.push({ start, length: 1, index: files.length + i, extent: 0 });
  }
  return units;
}

function afterMoves(
  { files }: Live,
  targets: ReadonlyMap<Unit, number>,
  taken: RunSet,
  written: RunSet,
): Omit<ContentPlaces, "written"> {
  const moves: Move[] = [];
  const left = new RunCollector();
  const entered = new RunCollector();
  const filled = new RunCollector();
  const moved = new Map<number, Extent[]>();
  const movedBlocks = new Map<number, number>();
  for (const [{ start, length, index, extent }, to] of targets) {
    left.add(start, length);
    entered.add(to, length);
    for (const part of intersectRun(written, start, length)) {
      const place = to + part.start - start;
      filled.add(place, part.length);
      moves.push({ from: part.start, to: place, length: part.length });
    }
    if (index >= files.length) {
      movedBlocks.set(index - files.length, to);
      continue;
    }
    const extents = moved.get(index) ?? [...(files[index]?.extents ?? [])];
    const old = extents[extent];
    if (old !== undefined) extents[extent] = { ...old, physical: to };
    moved.set(index, extents);
  }
  const staying = subtract(taken, left.union("forbidden", "moves"));
  return {
    moves: moves.sort((a, b) => a.from - b.from),
    moved,
    movedBlocks,
    taken: unite(staying, entered.union("forbidden", "moves")),
    filled: unite(intersect(written, staying), filled.union("forbidden", "moves")),
  };
}
