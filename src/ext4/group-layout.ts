/** Sizes that follow from the number of blocks and inodes alone: groups, inode tables, journal. */
import { BLOCK_SIZE } from "../output/blocks.ts";
import { INODE_SIZE } from "./format/inode.ts";
import {
  BLOCKS_PER_GROUP,
  descriptorBlocksFor,
  groupsIn,
  hasSuperblock,
  superblockGroups,
} from "./geometry.ts";
import { RunCollector, type RunSet } from "./runs.ts";

/** Groups whose bitmaps and inode tables lie together: 2 to the power of s_log_groups_per_flex. */
export const LOG_GROUPS_PER_FLEX = 4;
export const GROUPS_PER_FLEX = 2 ** LOG_GROUPS_PER_FLEX;

const INODES_PER_BLOCK = BLOCK_SIZE / INODE_SIZE;
/** As many as the bits of a group's inode bitmap. */
const MAXIMUM_INODES_PER_GROUP = BLOCK_SIZE * 8;
/** Inodes to spare, whatever the size: a tenth of those in use, and never less than this. */
const LEAST_SPARE_INODES = 1024;

/** mke2fs's tiers of the journal's length (e2fsprogs lib/ext2fs/mkjournal.c): up to so many blocks, so many. */
const JOURNAL_TIERS: readonly (readonly [below: number, length: number])[] = [
  [32768, 1024],
  [256 * 1024, 4096],
  [512 * 1024, 8192],
  [4096 * 1024, 16384],
  [8192 * 1024, 32768],
  [16384 * 1024, 65536],
  [32768 * 1024, 131072],
  [Number.POSITIVE_INFINITY, 262144],
];

/**
 * mke2fs's blocks to an inode, up to so many blocks: "small", default, "big" and "huge" (e2fsprogs mke2fs.conf). Where
 * a tier begins the number stays as it was until the new ratio asks for more, so that it never falls as blocks grow.
 */
const BLOCKS_PER_INODE: readonly (readonly [below: number, blocks: number])[] = [
  [2 ** 17, 1],
  [2 ** 30, 4],
  [2 ** 32, 8],
  [Number.POSITIVE_INFINITY, 16],
];

export interface GroupLayout {
  readonly blocks: number;
  readonly groups: number;
  /** Blocks of group descriptors after each superblock. */
  readonly descriptorBlocks: number;
  /** A multiple of 16: whole blocks of inode table. */
  readonly inodesPerGroup: number;
  /** Blocks of each group's inode table. */
  readonly tableBlocks: number;
  readonly journalBlocks: number;
}

/**
 * The layout of `blocks` blocks for a tree that uses so many inodes (reserved ones included), or undefined where the
 * groups have no room for so many. There are inodes for the tree and a tenth, or at least 1,024, to spare; and never
 * fewer than mke2fs would make.
 */
export function groupLayout(blocks: number, usedInodes: number): GroupLayout | undefined {
  const groups = groupsIn(blocks);
  const inodes = Math.max(inodesFor(usedInodes), usualInodes(blocks));
  const tableBlocks = Math.ceil(inodes / groups / INODES_PER_BLOCK);
  const inodesPerGroup = tableBlocks * INODES_PER_BLOCK;
  if (inodesPerGroup > MAXIMUM_INODES_PER_GROUP) return undefined;
  const descriptorBlocks = descriptorBlocksFor(groups);
  return {
    blocks,
    groups,
    descriptorBlocks,
    inodesPerGroup,
    tableBlocks,
    journalBlocks: journalLength(blocks),
  };
}

/** The fewest blocks whose groups have room for the inodes. */
export function blocksForInodes(usedInodes: number): number {
  return (Math.ceil(inodesFor(usedInodes) / MAXIMUM_INODES_PER_GROUP) - 1) * BLOCKS_PER_GROUP + 1;
}

function inodesFor(used: number): number {
  return used + Math.max(LEAST_SPARE_INODES, Math.ceil(used / 10));
}

function usualInodes(blocks: number): number {
  return Math.max(
    ...BLOCKS_PER_INODE.map(([below, perInode]) => Math.floor(Math.min(blocks, below) / perInode)),
  );
}

function journalLength(blocks: number): number {
  return JOURNAL_TIERS.find(([below]) => blocks < below)?.[1] ?? 0;
}

/** Blocks in the group: all 32,768 but for the last one. */
export function groupSize(layout: GroupLayout, group: number): number {
  return Math.min(BLOCKS_PER_GROUP, layout.blocks - group * BLOCKS_PER_GROUP);
}

/** Blocks of the group's own superblock and descriptors. */
export function baseBlocks(layout: GroupLayout, group: number): number {
  return hasSuperblock(group) ? 1 + layout.descriptorBlocks : 0;
}

/** Every superblock with its descriptors. */
export function fixedRuns(layout: GroupLayout): RunSet {
  const runs = new RunCollector();
  for (const group of superblockGroups(layout.groups)) {
    runs.add(group * BLOCKS_PER_GROUP, 1 + layout.descriptorBlocks);
  }
  return runs.union("forbidden", "superblocks");
}

/** Blocks that the filesystem takes for itself: superblocks, descriptors, bitmaps, inode tables, journal. */
export function overheadBlocks(layout: GroupLayout): number {
  const superblocks = superblockGroups(layout.groups).length * (1 + layout.descriptorBlocks);
  return superblocks + layout.groups * (2 + layout.tableBlocks) + layout.journalBlocks;
}

/**
 * How many of `blocks` blocks a filesystem can use: all, unless the last group would be too short for the superblock
 * and descriptors it must have; then that group is left out, as mke2fs does.
 */
export function usableBlocks(blocks: number): number {
  const groups = groupsIn(blocks);
  const lastSize = blocks - (groups - 1) * BLOCKS_PER_GROUP;
  const tooShort = groups > 1 && hasSuperblock(groups - 1) && lastSize < 1 + descriptorBlocksFor(groups);
  return tooShort ? blocks - lastSize : blocks;
}
