/** Where the blocks of a file lie. */

import type { Paused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { blockMapRuns } from "./block-map.ts";
import { broken } from "./broken.ts";
import { extentRuns } from "./extent-tree.ts";
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
export function* mappedRuns(
  volume: Volume,
  inode: FileInode,
  { end = Number.POSITIVE_INFINITY, visit = () => {} }: Walk = {},
): Paused<MappedRun> {
  if (hasFlag(inode, "inline")) return;
  const runs = hasFlag(inode, "extents")
    ? extentRuns(volume, inode, visit)
    : blockMapRuns(volume, inode, end, visit);
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
