/** Blocks of an inode: claimed, in agreement with its size and with i_blocks. */

import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { EXT4_HUGE_FILE_FL, EXT4_VERITY_FL } from "../../format/inode.ts";
import { broken } from "../broken.ts";
import { type FileInode, hasFlag } from "../inode.ts";
import type { MappedRun } from "../mapped-run.ts";
import { mappedRuns, maximumSize } from "../mapping.ts";
import { isFastSymlink } from "../symlink.ts";
import type { Volume } from "../volume.ts";
import { xattrBlock } from "../xattr-entries.ts";
import type { Check } from "./check.ts";
import { checkInline } from "./inline-data.ts";

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
  const seen: Seen = { blocks: 0, last: -1, lastWritten: -1 };
  for (const run of claimedRuns(check, inode, seen)) {
    yield;
    if (run !== undefined) claimRun(check, inode, run, seen);
  }
  checkCounts(check, inode, charged, seen);
}

/** The same for an inode whose mapping is in itself, without a pause. */
export function checkShortMapping(check: Check, inode: FileInode, charged: number): void {
  const seen: Seen = { blocks: 0, last: -1, lastWritten: -1 };
  for (const run of claimedRuns(check, inode, seen)) {
    if (run !== undefined) claimRun(check, inode, run, seen);
  }
  checkCounts(check, inode, charged, seen);
}

/** The runs that are to be claimed; the blocks of the mapping are, before they are read. */
function claimedRuns(check: Check, inode: FileInode, seen: Seen): Iterable<MappedRun | undefined> {
  if (!hasBlocks(check.volume, inode)) return [];
  const visit = (block: number): void => {
    const where = inodeName(inode.number);
    check.volume.checkRange(block, 1, where);
    check.claim(where, block, 1);
    seen.blocks++;
  };
  return mappedRuns(check.volume, inode, { visit });
}

function claimRun(check: Check, inode: FileInode, run: MappedRun, seen: Seen): void {
  const where = inodeName(inode.number);
  check.claim(where, run.physical, run.length);
  seen.blocks += run.length;
  seen.last = run.logical + run.length - 1;
  if (!run.unwritten) seen.lastWritten = seen.last;
  if (run.unwritten && inode.type === "directory")
    throw broken(where, "a block of the directory was never written");
}

function checkCounts(check: Check, inode: FileInode, charged: number, seen: Seen): void {
  const { volume, findings } = check;
  const attributes = xattrBlock(volume, inode) === 0 ? 0 : 1;
  const counted = (seen.blocks + attributes + charged) * (volume.superblock.blockSize / SECTOR);
  const stated = statedSectors(volume, inode);
  if (counted !== stated) {
    findings.add(inodeName(inode.number), `i_blocks says ${stated} sectors, its blocks are ${counted}`);
  }
  if (hasFlag(inode, "inline")) checkInline(check, inode);
  else checkSize(check, inode, seen);
}

/** Whether i_block leads to blocks. */
function hasBlocks(volume: Volume, inode: FileInode): boolean {
  if (hasFlag(inode, "inline")) return false;
  if (inode.type === "symlink") return !isFastSymlink(volume, inode);
  return inode.type === "file" || inode.type === "directory";
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
  const add = (what: string): void => findings.add(inodeName(number), what);
  if (type === "directory") {
    if (size !== (last + 1) * blockSize || last < 0)
      add(`a directory of ${size} bytes in ${last + 1} blocks`);
  }
  if (type === "file" && (fields.i_flags & EXT4_VERITY_FL) === 0) {
    if (size < lastWritten * blockSize) add(`its size is ${size}, but it has blocks past that`);
    if (size > maximumSize(volume, inode)) add(`its size is ${size}, more than its mapping reaches`);
  }
}
