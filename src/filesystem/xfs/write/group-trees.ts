/** The trees of an allocation group: its free space in two orders, its inodes, and those of them that are free. */
import type { Run } from "../../../blocks/blocks.ts";
import { AGFL_BLOCKS, AGFL_FIRST, ROOTS } from "./geometry.ts";
import { levelsBelowRoot, sumOf, type TreeRoom } from "./tree-shape.ts";

/** xfs_alloc_rec and its keys in a block of 4 KiB behind a header of 56 bytes; so for xfs_inobt_rec. */
export const ALLOC_ROOM: TreeRoom = { leaf: 505, node: 336, root: { records: 505, children: 336 } };
export const INOBT_ROOM: TreeRoom = { leaf: 252, node: 505, root: { records: 252, children: 505 } };

/** Blocks of the tree of so many chunks besides its root. */
export function inobtBlocks(chunks: number): number {
  return sumOf(levelsBelowRoot(chunks, INOBT_ROOM));
}

/** A tree's blocks as places in its group: leaves first, the root last. */
export interface GroupTree {
  readonly levels: readonly number[];
  readonly blocks: readonly number[];
}

/** An allocation group as it will be; all places count from its beginning. */
export interface Group extends Run {
  /** Where its chunks of inodes begin, ascending. */
  readonly chunks: readonly number[];
  /** Free runs, ascending. */
  readonly free: readonly Run[];
  readonly freeBlocks: number;
  readonly longest: number;
  readonly agfl: readonly number[];
  readonly bno: GroupTree;
  readonly cnt: GroupTree;
  readonly ino: GroupTree;
}

/** Blocks of the trees of free space besides their roots: they count as free in the superblock. */
export function allocTreeBlocks({ bno, cnt }: Group): number {
  return bno.blocks.length + cnt.blocks.length - 2;
}

/** Completes a group from what is free in it: the trees of free space take blocks out of that. */
export function groupOf(
  { start, length }: Run,
  free: readonly Run[],
  chunks: readonly number[],
  inobt: readonly number[],
): Group {
  const { left, taken } = takeTreeBlocks(free);
  const levels = levelsBelowRoot(left.length, ALLOC_ROOM);
  const blocks = sumOf(levels);
  const agfl = [...Array(AGFL_BLOCKS).keys()].map((i) => AGFL_FIRST + i);
  return {
    start,
    length,
    chunks,
    free: left,
    freeBlocks: left.reduce((sum, run) => sum + run.length, 0),
    longest: left.reduce((most, run) => Math.max(most, run.length), 0),
    agfl: [...agfl, ...taken.slice(2 * blocks)],
    bno: { levels, blocks: [...taken.slice(0, blocks), ROOTS.bno] },
    cnt: { levels, blocks: [...taken.slice(blocks, 2 * blocks), ROOTS.cnt] },
    ino: { levels: levelsBelowRoot(chunks.length, INOBT_ROOM), blocks: [...inobt, ROOTS.ino] },
  };
}

/**
 * Takes blocks for two trees of all the runs that are left then. They come from the front of the longest run, so that as
 * a rule no run goes; where runs do go, there may be one block too many: that is for the AGFL.
 */
function takeTreeBlocks(free: readonly Run[]): { readonly left: readonly Run[]; readonly taken: number[] } {
  const needed = (runs: number): number => 2 * sumOf(levelsBelowRoot(runs, ALLOC_ROOM));
  const taken: number[] = [];
  let left = free;
  while (taken.length < needed(left.length)) {
    const longest = left.reduce((most, run, i) => ((left[most]?.length ?? 0) < run.length ? i : most), 0);
    const run = left[longest];
    if (run === undefined) break;
    const count = Math.min(run.length, needed(left.length) - taken.length);
    for (let i = 0; i < count; i++) taken.push(run.start + i);
    const rest = { start: run.start + count, length: run.length - count };
    left = left.flatMap((each, i) => (i !== longest ? [each] : rest.length > 0 ? [rest] : []));
  }
  return { left, taken };
}
