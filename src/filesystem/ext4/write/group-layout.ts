/** Sizes that follow from the number of blocks and a rule alone: groups, inode tables, journal. */

import { RunCollector, type RunSet } from "../../../blocks/runs.ts";
import {
  BITMAPS,
  BLOCKS_PER_GROUP,
  descriptorBlocksFor,
  groupsIn,
  hasSuperblock,
  INODES_PER_BLOCK,
  largestTable,
  superblockGroups,
} from "./geometry.ts";
import { type InodeCount, inodesFor, leastInodes } from "./inode-count.ts";
import type { Variant } from "./variant.ts";

/** Groups whose bitmaps and inode tables lie together: 2 to the power of s_log_groups_per_flex. */
export const LOG_GROUPS_PER_FLEX = 4;
export const GROUPS_PER_FLEX = 2 ** LOG_GROUPS_PER_FLEX;

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

/** What a layout follows besides the number of blocks. */
export interface LayoutRule {
  readonly variant: Variant;
  /** Inodes in use, reserved ones included. */
  readonly usedInodes: number;
  readonly inodes: InodeCount;
  /** Blocks of the journal; 0 for none. */
  readonly journal: number | "usual";
}

export interface GroupLayout {
  readonly variant: Variant;
  readonly blocks: number;
  readonly groups: number;
  /** Blocks of group descriptors after each superblock. */
  readonly descriptorBlocks: number;
  /** A multiple of 16: whole blocks of inode table. */
  readonly inodesPerGroup: number;
  /** Blocks of each group's inode table. */
  readonly tableBlocks: number;
  /** 0 without a journal. */
  readonly journalBlocks: number;
}

/** The layout of `blocks` blocks, or undefined where the groups have no room for so many inodes. */
export function groupLayout(blocks: number, rule: LayoutRule): GroupLayout | undefined {
  const { variant } = rule;
  const groups = groupsIn(blocks);
  const inodes = inodesFor(rule.inodes, rule.usedInodes, { blocks, groups, variant });
  const tableBlocks = Math.ceil(inodes / groups / INODES_PER_BLOCK);
  if (tableBlocks > largestTable(variant)) return undefined;
  return {
    variant,
    blocks,
    groups,
    descriptorBlocks: descriptorBlocksFor(groups, variant),
    inodesPerGroup: tableBlocks * INODES_PER_BLOCK,
    tableBlocks,
    journalBlocks: rule.journal === "usual" ? usualJournal(blocks) : rule.journal,
  };
}

/** The fewest blocks whose groups have room for the inodes. */
export function blocksForInodes({ inodes, usedInodes, variant }: LayoutRule): number {
  const perGroup = largestTable(variant) * INODES_PER_BLOCK;
  return (Math.ceil(leastInodes(inodes, usedInodes) / perGroup) - 1) * BLOCKS_PER_GROUP + 1;
}

function usualJournal(blocks: number): number {
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

/** Blocks at the group's start that must lie there: its bitmaps and inode table, too, unless these may lie anywhere. */
function headBlocks(layout: GroupLayout, group: number): number {
  const base = baseBlocks(layout, group);
  return layout.variant.flexible ? base : base + BITMAPS + layout.tableBlocks;
}

/** The heads of all groups. */
export function fixedRuns(layout: GroupLayout): RunSet {
  const runs = new RunCollector();
  const groups = layout.variant.flexible ? superblockGroups(layout.groups) : range(layout.groups);
  for (const group of groups) runs.add(group * BLOCKS_PER_GROUP, headBlocks(layout, group));
  return runs.union("forbidden", "the heads of groups");
}

function* range(end: number): Generator<number> {
  for (let number = 0; number < end; number++) yield number;
}

/** Blocks that the filesystem takes for itself: superblocks, descriptors, bitmaps, inode tables, journal. */
export function overheadBlocks(layout: GroupLayout): number {
  const superblocks = superblockGroups(layout.groups).length * (1 + layout.descriptorBlocks);
  return superblocks + layout.groups * (BITMAPS + layout.tableBlocks) + layout.journalBlocks;
}

/** The first block past the head of the last group: a filesystem ends there or later. */
export function leastEnd(layout: GroupLayout): number {
  const last = layout.groups - 1;
  return last * BLOCKS_PER_GROUP + Math.max(headBlocks(layout, last), 1);
}

/**
 * How many of `blocks` blocks a filesystem can use: all, unless the last group would be too short for what must lie at
 * its start; then that group is left out, as mke2fs does.
 */
export function usableBlocks(blocks: number, rule: LayoutRule): number {
  const layout = groupLayout(blocks, rule);
  if (layout === undefined || layout.groups === 1 || blocks >= leastEnd(layout)) return blocks;
  return (layout.groups - 1) * BLOCKS_PER_GROUP;
}
