/** Where the blocks of a file lie. */

import type { Paused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { blockMapRuns, hasOnlyDirectBlocks } from "./block-map.ts";
import { broken } from "./broken.ts";
import { extentRuns, fewExtents, isLeafInItself } from "./extent-tree.ts";
import { type FileInode, hasFlag } from "./inode.ts";
import type { MappedRun, MetadataVisitor } from "./mapped-run.ts";
import type { Volume } from "./volume.ts";

interface Walk {
  /** The first block of the file that is of no interest; absent: all are. */
  readonly end?: number;
  readonly visit?: MetadataVisitor;
}

/**
 * The runs of an inode that has blocks, ascending by `logical`. Throws E_INVALID_FILESYSTEM for a broken mapping, and
 * for one of more blocks than the filesystem has, which cannot all be its own.
 */
export function mappedRuns(
  volume: Volume,
  inode: FileInode,
  { end = Number.POSITIVE_INFINITY, visit = () => {} }: Walk = {},
): Iterable<MappedRun | undefined> {
  if (hasFlag(inode, "inline")) return [];
  if (!hasFlag(inode, "extents")) return ownRuns(volume, inode, blockMapRuns(volume, inode, end, visit), end);
  // Most files have one extent or none, and there are millions of them.
  const few = fewExtents(volume, inode);
  if (few === undefined) return ownRuns(volume, inode, extentRuns(volume, inode, visit), end);
  return few[0] === undefined || few[0].logical < end ? few : [];
}

/**
 * Whether it is told in the inode itself where all its blocks are. Throws nothing: what is broken is told of by whoever
 * asks for the runs.
 */
export function isMappedInItself(inode: FileInode): boolean {
  if (hasFlag(inode, "inline")) return true;
  return hasFlag(inode, "extents") ? isLeafInItself(inode) : hasOnlyDirectBlocks(inode);
}

function* ownRuns(
  volume: Volume,
  inode: FileInode,
  runs: Iterable<MappedRun | undefined>,
  end: number,
): Paused<MappedRun> {
  let blocks = 0;
  for (const run of runs) {
    if (run === undefined) {
      yield;
      continue;
    }
    if (run.logical >= end) return;
    blocks += run.length;
    if (blocks > volume.superblock.blocks) {
      throw broken(inodeName(inode.number), "it has more blocks than the filesystem");
    }
    yield run;
  }
}

/** The largest size that 32 bits of block numbers, or three levels of pointers and 32 bits of sectors, can have. */
export function maximumSize(volume: Volume, inode: FileInode): number {
  const { blockSize } = volume.superblock;
  if (hasFlag(inode, "extents")) return 2 ** 32 * blockSize - 1;
  const pointers = blockSize / 4;
  return (12 + pointers + pointers ** 2 + pointers ** 3) * blockSize;
}
