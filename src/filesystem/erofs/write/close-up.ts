/** Contents close up what other contents left: the filesystem ends where the last of them does. */
import type { Extent } from "../../../blocks/blocks.ts";
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
import { chooseTargets, endOf, FIRST_BLOCK, type Live, NO_TARGETS, type Targets } from "./closing-targets.ts";

/** What contents take in the end. */
export interface ContentPlaces {
  /** What makes room for some of the others, and comes before them. */
  readonly vacating: readonly Move[];
  /** No block is both read and written by them. */
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

/**
 * Moves the last extents into gaps, each in one piece, until no more gaps are left than `metadata` blocks fill: a long
 * one, for which there is none, to where short ones make room. Parts that nothing was written to are not copied.
 *
 * @param ofFiles the blocks that the files have
 */
export function closeUp(
  all: Live,
  contents: WrittenBlocks,
  metadata: number,
  ofFiles: RunSet,
): ContentPlaces {
  const written = runSetOf(contents.written);
  assert((written.ends.at(-1) ?? 0) <= contents.end, "contents were written past their end");
  const taken = takenBy(all, ofFiles);
  const stay = { vacating: [], moves: [], moved: new Map(), movedBlocks: new Map(), taken };
  const least = FIRST_BLOCK + metadata + blocksIn(taken);
  // Most images have no gaps worth a look at each extent.
  const targets = endOf(taken) <= least ? NO_TARGETS : chooseTargets(all, taken, least);
  if (targets.places.size === 0) return { ...stay, filled: intersect(written, taken), written };
  return { ...afterMoves(all, targets, taken, written), written };
}

function takenBy({ blocks }: Live, ofFiles: RunSet): RunSet {
  const runs = new RunCollector();
  runs.addAll(ofFiles);
  for (const block of blocks) runs.add(block, 1);
  return runs.union("forbidden", "files");
}

function afterMoves(
  { files }: Live,
  { places, vacating }: Targets,
  taken: RunSet,
  written: RunSet,
): Omit<ContentPlaces, "written"> {
  const moves: Move[] = [];
  const first: Move[] = [];
  const left = new RunCollector();
  const entered = new RunCollector();
  const filled = new RunCollector();
  const moved = new Map<number, Extent[]>();
  const movedBlocks = new Map<number, number>();
  for (const [unit, to] of places) {
    const { start, length, index, extent } = unit;
    left.add(start, length);
    entered.add(to, length);
    for (const part of intersectRun(written, start, length)) {
      const place = to + part.start - start;
      filled.add(place, part.length);
      (vacating.has(unit) ? first : moves).push({ from: part.start, to: place, length: part.length });
    }
    if (index >= files.length) {
      movedBlocks.set(index - files.length, to);
      continue;
    }
    const extents = moved.get(index) ?? [...files.extents(index)];
    const old = extents[extent];
    if (old !== undefined) extents[extent] = { ...old, physical: to };
    moved.set(index, extents);
  }
  const staying = subtract(taken, left.union("forbidden", "moves"));
  return {
    vacating: first.sort(byPlace),
    moves: moves.sort(byPlace),
    moved,
    movedBlocks,
    taken: unite(staying, entered.union("forbidden", "moves")),
    filled: unite(intersect(written, staying), filled.union("forbidden", "moves")),
  };
}

function byPlace(a: Move, b: Move): number {
  return a.from - b.from;
}
