/**
 * Contents that lie past the filesystem's end go to where it has room: they were placed before anybody knew how large
 * it would be, and what upper layers replaced lies between them.
 */
import { LONGEST_ROW_BLOCKS, type Run } from "../output/blocks.ts";
import type { Extent } from "../tree/inode.ts";
import { normalizeExtents } from "./extent-tree.ts";
import { Gaps } from "./gaps.ts";
import type { PlannedInode } from "./planned-inode.ts";
import { RunCollector, type RunSet } from "./runs.ts";

/** `length` blocks of contents to be copied from block `from` to block `to`. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

export interface Relocation {
  /** Ascending by `from`; no block is both read and written. */
  readonly moves: readonly Move[];
  /** Where the contents of a moved file lie then, by the index of its inode. */
  readonly extents: ReadonlyMap<number, readonly Extent[]>;
  /** What is free then, below the end. */
  readonly free: RunSet;
}

/** Blocks in a row that one file has, and where they go: in one piece if that can be. */
interface Row extends Run {
  readonly index: number;
  readonly moves: Move[];
}

/** Moves what lies at block `end` or past it into `vacant`, all of which lies below; undefined if that is too little. */
export function relocate(
  inodes: readonly PlannedInode[],
  end: number,
  vacant: RunSet,
): Relocation | undefined {
  const rows = rowsPast(inodes, end);
  const gaps = new Gaps(vacant);
  const across = rows.find(({ start }) => start < end);
  // Files that lie in one row stay so, the longest first; what is left takes the pieces that are left.
  const longestFirst = rows.filter((row) => row !== across).sort((a, b) => b.length - a.length);
  const small = longestFirst.filter((row) => row.length <= LONGEST_ROW_BLOCKS && !moveWhole(row, gaps));
  const large = longestFirst.filter((row) => row.length > LONGEST_ROW_BLOCKS);
  for (const row of [...large, ...small]) {
    if (!moveInPieces(row, row.start, gaps)) return undefined;
  }
  const left = new RunCollector();
  if (across !== undefined) {
    if (moveWhole(across, gaps)) left.add(across.start, end - across.start);
    else if (!moveInPieces(across, end, gaps)) return undefined;
  }
  gaps.collect(left);
  return {
    moves: rows.flatMap(({ moves }) => moves).sort((a, b) => a.from - b.from),
    extents: movedExtents(inodes, rows),
    free: left.union("forbidden", "free space"),
  };
}

/**
 * What must move, in the order of inodes and of their extents: rows with blocks at `end` or past it, whole unless they
 * are too long to have been placed in one go.
 */
function rowsPast(inodes: readonly PlannedInode[], end: number): readonly Row[] {
  const rows: Row[] = [];
  for (const [index, { extents }] of inodes.entries()) {
    for (const { start, length } of rowsOf(extents)) {
      if (start + length <= end) continue;
      const from = length > LONGEST_ROW_BLOCKS ? Math.max(start, end) : start;
      rows.push({ index, start: from, length: start + length - from, moves: [] });
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

function moveWhole({ start, length, moves }: Row, gaps: Gaps): boolean {
  const to = gaps.take(length);
  if (to !== undefined) moves.push({ from: start, to, length });
  return to !== undefined;
}

/** Moves the row's blocks from `start` on. */
function moveInPieces(row: Row, start: number, gaps: Gaps): boolean {
  const end = row.start + row.length;
  for (let from = start; from < end; ) {
    const gap = gaps.takeUpTo(end - from);
    if (gap === undefined) return false;
    row.moves.push({ from, to: gap.start, length: gap.length });
    from += gap.length;
  }
  return true;
}

function movedExtents(
  inodes: readonly PlannedInode[],
  rows: readonly Row[],
): ReadonlyMap<number, readonly Extent[]> {
  const moves = new Map<number, Move[]>();
  for (const row of rows) {
    const known = moves.get(row.index);
    if (known === undefined) moves.set(row.index, [...row.moves]);
    else known.push(...row.moves);
  }
  const extents = new Map<number, readonly Extent[]>();
  for (const [index, ofInode] of moves) {
    extents.set(index, normalizeExtents(follow(inodes[index]?.extents ?? [], ofInode)));
  }
  return extents;
}

/** The extents after `moves`, which come in their order; what stays lies below all that moves. */
function follow(extents: readonly Extent[], moves: readonly Move[]): Extent[] {
  const moved: Extent[] = [];
  let next = 0;
  for (const extent of extents) {
    for (let done = 0; done < extent.length; ) {
      const logical = extent.logical + done;
      const physical = extent.physical + done;
      const { from, to, length } = moves[next] ?? STAYS;
      const stays = physical < from;
      const part = Math.min(extent.length - done, (stays ? from : from + length) - physical);
      moved.push({ logical, physical: stays ? physical : to + physical - from, length: part });
      done += part;
      if (!stays && physical + part === from + length) next++;
    }
  }
  return moved;
}

const STAYS: Move = { from: Number.POSITIVE_INFINITY, to: 0, length: 0 };
