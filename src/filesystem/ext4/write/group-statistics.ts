import {
  EXT4_BG_BLOCK_UNINIT,
  EXT4_BG_INODE_UNINIT,
  EXT4_BG_INODE_ZEROED,
} from "../format/group-descriptor.ts";
import { EXT4_GOOD_OLD_FIRST_INO } from "../format/inode.ts";
import { BLOCKS_PER_GROUP } from "./geometry.ts";
import { baseBlocks, groupSize } from "./group-layout.ts";
import type { Placement } from "./placement.ts";
import { inodeNumber, type Namespace } from "./planned-inode.ts";

/** What group descriptors count, one number for each group. */
export interface GroupStatistics {
  readonly freeBlocks: Uint32Array;
  /** Inode numbers are handed out without gaps: a group's inodes in use are its first ones. */
  readonly usedInodes: Uint32Array;
  readonly usedDirectories: Uint32Array;
  /** bg_flags. */
  readonly flags: Uint16Array;
}

/** Counts free blocks, inodes and directories of every group, and finds the groups that need no bitmaps. */
export function groupStatistics(namespace: Namespace, placement: Placement): GroupStatistics {
  const { layout, free } = placement;
  const statistics = {
    freeBlocks: new Uint32Array(layout.groups),
    usedInodes: new Uint32Array(layout.groups),
    usedDirectories: new Uint32Array(layout.groups),
    flags: new Uint16Array(layout.groups),
  };
  for (let run = 0; run < free.starts.length; run++) {
    countFree(statistics.freeBlocks, free.starts[run] ?? 0, free.ends[run] ?? 0);
  }
  countInodes(statistics, namespace, layout.inodesPerGroup);
  for (let group = 0; group < layout.groups; group++) {
    // Without checksums a group has no flags, and all bitmaps are on disk.
    if (!layout.variant.checksums) continue;
    statistics.flags[group] =
      EXT4_BG_INODE_ZEROED |
      (statistics.usedInodes[group] === 0 ? EXT4_BG_INODE_UNINIT : 0) |
      (isUntouched(placement, group, statistics.freeBlocks[group] ?? 0) ? EXT4_BG_BLOCK_UNINIT : 0);
  }
  return statistics;
}

function countFree(freeBlocks: Uint32Array, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const group = Math.floor(at / BLOCKS_PER_GROUP);
    const stop = Math.min(end, (group + 1) * BLOCKS_PER_GROUP);
    freeBlocks[group] = (freeBlocks[group] ?? 0) + stop - at;
    at = stop;
  }
}

function countInodes(
  { usedInodes, usedDirectories }: GroupStatistics,
  namespace: Namespace,
  inodesPerGroup: number,
): void {
  let left = lastInode(namespace);
  for (let group = 0; left > 0; group++) {
    usedInodes[group] = Math.min(left, inodesPerGroup);
    left -= inodesPerGroup;
  }
  // Most inodes are files: to look at each takes longer than all else here.
  for (const index of namespace.inodes.directoryIndexes) {
    const group = Math.floor((inodeNumber(index) - 1) / inodesPerGroup);
    usedDirectories[group] = (usedDirectories[group] ?? 0) + 1;
  }
}

/** The highest inode number in use; all below are in use, too. */
export function lastInode({ inodes }: Namespace): number {
  return inodes.length === 1 ? EXT4_GOOD_OLD_FIRST_INO - 1 : inodeNumber(inodes.length - 1);
}

/**
 * Whether the kernel can make up the group's block bitmap: it counts the group's own superblock and descriptors as in
 * use and nothing else. The first group is never so; nor is the last, whose bitmap says where the filesystem ends.
 */
function isUntouched({ layout }: Placement, group: number, freeBlocks: number): boolean {
  if (group === 0 || group === layout.groups - 1) return false;
  return freeBlocks === groupSize(layout, group) - baseBlocks(layout, group);
}
