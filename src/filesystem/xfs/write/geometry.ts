/** What lies where whatever the filesystem's size is: settled before contents flow. */
import { BLOCK_SIZE, type Run } from "../../../blocks/blocks.ts";

/**
 * An allocation group may begin at any multiple of this (16 MiB, the least that a group has: XFS_MIN_AG_BYTES): there
 * contents leave room for its head. Groups are the unit times a power of two, so that numbers made of a group's number
 * and a place within it (filesystem blocks, inodes) count blocks straight through.
 */
export const UNIT_BLOCKS = 4096;
/** Blocks kept free at each unit's beginning: a head, and what a head does not take is room for inodes. */
const GAP_BLOCKS = 16;
/** In the first unit, in which the first inodes must lie (`FIRST_CHUNK`). */
const FIRST_GAP_BLOCKS = 24;

/** Blocks in an allocation group that are its own: four sectors, five roots, and those of the AGFL. */
export const HEAD_BLOCKS = 10;
/** Roots of the trees, as mkfs puts them. */
export const ROOTS = { bno: 1, cnt: 2, ino: 3, fino: 4, refcount: 5 } as const;
/** Blocks of the AGFL: what trees of one level want. */
export const AGFL_FIRST = 6;
export const AGFL_BLOCKS = 4;

/** Blocks of 64 inodes, which begin at multiples of that (sb_inoalignmt). */
export const CHUNK_BLOCKS = 8;
/** Where xfs_repair looks for the root directory's inode: behind the head, aligned. */
export const FIRST_CHUNK = 16;
export const INODES_PER_BLOCK = 8;

/** Blocks that no inode may lie past, so that each number has 32 bits: 2 TiB. */
export const INODE_SPACE_BLOCKS = 2 ** 32 / INODES_PER_BLOCK;

/** The least that the last group has (XFS_MIN_AG_BLOCKS). */
export const LEAST_LAST_GROUP = 64;
/** Blocks of the largest group, 512 GiB: twice that is what the format's bound is just above. */
const LARGEST_GROUP = 2 ** 27;
/** From this size on there are four groups or more, as mkfs makes them: several writers have one each. */
const FOUR_GROUPS_FROM = 2 ** 32 / BLOCK_SIZE;
const LEAST_GROUPS_OF_LARGE = 4;
/** xfs_repair refuses a filesystem of one group. */
const LEAST_GROUPS = 2;
/** The smallest filesystem whose groups have their least sizes. */
export const LEAST_BLOCKS = UNIT_BLOCKS + LEAST_LAST_GROUP;
/** 1 PiB: a file that is longer no filesystem holds, and byte numbers stay exact. */
export const MOST_BLOCKS = 2 ** 50 / BLOCK_SIZE;

/** The first run of blocks, ending after `block`, that contents must leave free. */
export function reservedRunAfter(block: number): Run {
  const unit = Math.floor(block / UNIT_BLOCKS);
  const here = gapOf(unit);
  if (block - unit * UNIT_BLOCKS < here) return { start: unit * UNIT_BLOCKS, length: here };
  return { start: (unit + 1) * UNIT_BLOCKS, length: gapOf(unit + 1) };
}

function gapOf(unit: number): number {
  return unit === 0 ? FIRST_GAP_BLOCKS : GAP_BLOCKS;
}

/** How a filesystem of so many blocks is divided. */
export interface Groups {
  readonly blocks: number;
  /** Blocks of each group but the last. */
  readonly groupBlocks: number;
  readonly count: number;
}

/**
 * The groups of a filesystem of up to so many blocks: a last one that would be too short is left out. They are as large
 * as can be, since growing adds further ones of the same size: but there are two, or four in a large filesystem, and one
 * that is not the first has room for the log. Undefined where the blocks are too few.
 *
 * @param logBlocks the log's blocks by the size of a group
 */
export function groupsOf(blocks: number, logBlocks: (groupBlocks: number) => number): Groups | undefined {
  for (let groupBlocks = LARGEST_GROUP; groupBlocks >= UNIT_BLOCKS; groupBlocks /= 2) {
    const groups = dividedBy(blocks, groupBlocks);
    const least = blocks < FOUR_GROUPS_FROM ? LEAST_GROUPS : LEAST_GROUPS_OF_LARGE;
    if (groups.count < least) continue;
    if (groupRun(groups, 1).length >= HEAD_BLOCKS + logBlocks(groupBlocks)) return groups;
  }
  return undefined;
}

function dividedBy(blocks: number, groupBlocks: number): Groups {
  const rest = blocks % groupBlocks;
  const usable = rest > 0 && rest < LEAST_LAST_GROUP ? blocks - rest : blocks;
  return { blocks: usable, groupBlocks, count: Math.ceil(usable / groupBlocks) };
}

/** A size up to which the size of groups changes at most once, and does, counted from `blocks` on. */
export function groupsChangeBelow(blocks: number, groupBlocks: number): number {
  if (blocks < FOUR_GROUPS_FROM) return FOUR_GROUPS_FROM;
  return groupBlocks === LARGEST_GROUP ? Number.POSITIVE_INFINITY : 2 * LEAST_GROUPS_OF_LARGE * groupBlocks;
}

/** The group's blocks. */
export function groupRun({ blocks, groupBlocks }: Groups, group: number): Run {
  const start = group * groupBlocks;
  return { start, length: Math.min(groupBlocks, blocks - start) };
}
