/**
 * Contents that lie where something else must, past the filesystem's end above all, go to where there is room: they
 * were placed before anybody knew how large it would be, and what upper layers replaced lies between them.
 */
import { type Extent, LONGEST_ROW_BLOCKS, type MappedList, type Run } from "./blocks.ts";
import { normalizeExtents } from "./extents.ts";
import { Gaps } from "./gaps.ts";
import { intersectRun, meets, RunCollector, type RunSet } from "./runs.ts";

/** `length` blocks of contents to be copied from block `from` to block `to`. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

export interface Relocation {
  /** Ascending by `from`; no block is both read and written. */
  readonly moves: readonly Move[];
  /** Where the contents of a moved file lie then, by its index. */
  readonly extents: ReadonlyMap<number, readonly Extent[]>;
  /** What is free then. */
  readonly free: RunSet;
}

/** Blocks in a row that one file has, those of them that must go, and where they go. */
interface Row extends Run {
  readonly index: number;
  readonly parts: readonly Run[];
  readonly moves: Move[];
}

/**
 * Moves contents out of `taken` into `vacant`, which has no block of it; undefined if that is too little. No extent of a
 * moved file gets longer than `longestExtent` blocks.
 */
export function relocate(
  inodes: MappedList,
  taken: RunSet,
  vacant: RunSet,
  longestExtent: number,
): Relocation | undefined {
  const rows = rowsIn(inodes, taken);
  const gaps = new Gaps(vacant);
  const left = new RunCollector();
  const { short, long, across } = groupByKind(rows);
  // Files that lie in one row stay so, the longest first; what is left takes the pieces that are left.
  const broken = short.filter((row) => !moveWhole(row, gaps));
  for (const row of [...long, ...broken]) if (!moveParts(row, gaps)) return undefined;
  for (const row of across) {
    if (moveWhole(row, gaps)) leaveRest(row, left);
    else if (!moveParts(row, gaps)) return undefined;
  }
  gaps.collect(left);
  return {
    moves: rows.flatMap(({ moves }) => moves).sort((a, b) => a.from - b.from),
    extents: movedExtents(inodes, rows, longestExtent),
    free: left.union("forbidden", "free space"),
  };
}

/** Rows with blocks in `taken`, in the order of inodes and of their extents. */
function rowsIn(inodes: MappedList, taken: RunSet): readonly Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < inodes.length; index++) {
    const extents = inodes.passingExtents(index);
    // Of millions of files hardly one has to move.
    if (!extents.some(({ physical, length }) => meets(taken, physical, length))) continue;
    for (const { start, length } of rowsOf(extents)) {
      const parts = intersectRun(taken, start, length);
      if (parts.length > 0) rows.push({ index, start, length, parts, moves: [] });
    }
  }
  return rows;
}

/** Runs of blocks that a file has one after the other, holes between them or not. */
function* rowsOf(extents: readonly Extent[]): Generator<Run> {
  let start = 0;
  let length = 0;
  for (const extent of extents) {
    if (extent.physical === start + length) {
      length += extent.length;
      continue;
    }
    if (length > 0) yield { start, length };
    start = extent.physical;
    length = extent.length;
  }
  if (length > 0) yield { start, length };
}

/** Rows of a length that is kept whole; longer ones; and those of the first kind that need not move altogether. */
function groupByKind(rows: readonly Row[]): Record<"short" | "long" | "across", readonly Row[]> {
  const isWhole = ({ length, parts }: Row): boolean => parts[0]?.length === length;
  const longestFirst = [...rows].sort((a, b) => b.length - a.length);
  const upToLongest = longestFirst.filter(({ length }) => length <= LONGEST_ROW_BLOCKS);
  return {
    short: upToLongest.filter(isWhole),
    across: upToLongest.filter((row) => !isWhole(row)),
    long: longestFirst.filter(({ length }) => length > LONGEST_ROW_BLOCKS),
  };
}

function moveWhole({ start, length, moves }: Row, gaps: Gaps): boolean {
  const to = gaps.take(length);
  if (to !== undefined) moves.push({ from: start, to, length });
  return to !== undefined;
}

function moveParts({ parts, moves }: Row, gaps: Gaps): boolean {
  for (const { start, length } of parts) {
    for (let done = 0; done < length; ) {
      const gap = gaps.takeUpTo(length - done);
      if (gap === undefined) return false;
      moves.push({ from: start + done, to: gap.start, length: gap.length });
      done += gap.length;
    }
  }
  return true;
}

/** Adds to `left` what a row that moved whole had outside of what must go. */
function leaveRest({ start, length, parts }: Row, left: RunCollector): void {
  let at = start;
  for (const part of parts) {
    left.add(at, part.start - at);
    at = part.start + part.length;
  }
  left.add(at, start + length - at);
}

function movedExtents(
  inodes: MappedList,
  rows: readonly Row[],
  longestExtent: number,
): ReadonlyMap<number, readonly Extent[]> {
  const moves = new Map<number, Move[]>();
  for (const row of rows) {
    const known = moves.get(row.index) ?? [];
    for (const move of row.moves) known.push(move);
    moves.set(row.index, known);
  }
  const extents = new Map<number, readonly Extent[]>();
  for (const [index, ofInode] of moves) {
    extents.set(index, normalizeExtents(follow(inodes.extents(index), ofInode), longestExtent));
  }
  return extents;
}

/** The extents after `moves`, which come in the same order. */
function follow(extents: readonly Extent[], moves: readonly Move[]): Extent[] {
  const moved: Extent[] = [];
  let next = 0;
  for (const extent of extents) {
    for (let done = 0; done < extent.length; ) {
      const logical = extent.logical + done;
      const physical = extent.physical + done;
      const rest = extent.length - done;
      const move = moves[next];
      const stays = blocksBefore(move, physical, rest);
      if (move === undefined || stays > 0) {
        moved.push({ logical, physical, length: stays });
        done += stays;
        continue;
      }
      const length = Math.min(rest, move.from + move.length - physical);
      moved.push({ logical, physical: move.to + physical - move.from, length });
      done += length;
      if (physical + length === move.from + move.length) next++;
    }
  }
  return moved;
}

/** How many of `length` blocks from `start` on come before the move's: all, if it is about others. */
function blocksBefore(move: Move | undefined, start: number, length: number): number {
  if (move === undefined || move.from >= start + length || move.from + move.length <= start) return length;
  return Math.max(move.from - start, 0);
}
