/** Blocks of an inode: claimed, in agreement with its size and with i_blocks. */

import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { EXT4_HUGE_FILE_FL, EXT4_VERITY_FL } from "../../format/inode.ts";
import { broken } from "../broken.ts";
import { type FileInode, hasFlag } from "../inode.ts";
import { mappedRuns, maximumSize } from "../mapping.ts";
import { isFastSymlink } from "../symlink.ts";
import type { Volume } from "../volume.ts";
import { xattrBlock } from "../xattr-entries.ts";
import type { Check } from "./check.ts";

const SECTOR = 512;

/** What a walk over the blocks of an inode saw. */
interface Seen {
  /** Blocks of contents and of the mapping. */
  blocks: number;
  /** The last block of the file, and the last that was written; -1 for none. */
  last: number;
  lastWritten: number;
}

/**
 * Claims the blocks. Throws E_INVALID_FILESYSTEM if the mapping is broken.
 * @param charged blocks that attributes with inodes of their own add to i_blocks
 */
export function* checkMapping(check: Check, inode: FileInode, charged: number): Steps<void> {
  const { volume, findings } = check;
  const where = inodeName(inode.number);
  const seen: Seen = { blocks: 0, last: -1, lastWritten: -1 };
  if (hasBlocks(volume, inode)) yield* walk(check, inode, where, seen);
  const attributes = xattrBlock(volume, inode) === 0 ? 0 : 1;
  const counted = (seen.blocks + attributes + charged) * (volume.superblock.blockSize / SECTOR);
  const stated = statedSectors(volume, inode);
  findings.expect(counted === stated, where, `i_blocks says ${stated} sectors, its blocks are ${counted}`);
  if (!hasFlag(inode, "inline")) checkSize(check, inode, seen);
}

/** Whether i_block leads to blocks. */
function hasBlocks(volume: Volume, inode: FileInode): boolean {
  if (hasFlag(inode, "inline")) return false;
  if (inode.type === "symlink") return !isFastSymlink(volume, inode);
  return inode.type === "file" || inode.type === "directory";
}

function* walk(check: Check, inode: FileInode, where: string, seen: Seen): Steps<void> {
  const visit = (block: number): void => {
    check.volume.checkRange(block, 1, where);
    check.claim(where, block, 1);
    seen.blocks++;
  };
  for (const run of mappedRuns(check.volume, inode, { visit })) {
    yield;
    if (run === undefined) continue;
    check.claim(where, run.physical, run.length);
    seen.blocks += run.length;
    seen.last = run.logical + run.length - 1;
    if (!run.unwritten) seen.lastWritten = seen.last;
    if (run.unwritten && inode.type === "directory")
      throw broken(where, "a block of the directory was never written");
  }
}

/** i_blocks in sectors of 512 bytes, in whichever way it counts. */
export function statedSectors(volume: Volume, { fields }: FileInode): number {
  const sectors = fields.i_blocks_lo + (volume.has("huge_file") ? fields.l_i_blocks_high * 2 ** 32 : 0);
  const inBlocks = volume.has("huge_file") && (fields.i_flags & EXT4_HUGE_FILE_FL) !== 0;
  return inBlocks ? sectors * (volume.superblock.blockSize / SECTOR) : sectors;
}

function checkSize({ volume, findings }: Check, inode: FileInode, { last, lastWritten }: Seen): void {
  const { blockSize } = volume.superblock;
  const { size, type, number, fields } = inode;
  const where = inodeName(number);
  if (type === "directory") {
    findings.expect(
      size === (last + 1) * blockSize && last >= 0,
      where,
      `a directory of ${size} bytes in ${last + 1} blocks`,
    );
  }
  if (type === "file" && (fields.i_flags & EXT4_VERITY_FL) === 0) {
    findings.expect(
      size >= lastWritten * blockSize,
      where,
      `its size is ${size}, but it has blocks past that`,
    );
    findings.expect(
      size <= maximumSize(volume, inode),
      where,
      `its size is ${size}, more than its mapping reaches`,
    );
  }
}
