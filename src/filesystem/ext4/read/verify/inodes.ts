/** All inodes of all tables. */

import type { Paused, Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { EXT4_BG_INODE_UNINIT } from "../../format/group-descriptor.ts";
import { EXT4_BAD_INO, EXT4_EA_INODE_FL, EXT4_RESIZE_INO, EXT4_ROOT_INO } from "../../format/inode.ts";
import { decodeInode, type FileInode, inodeChecksumIsRight } from "../inode.ts";
import type { Volume } from "../volume.ts";
import type { Check } from "./check.ts";
import { hasDescriptorChecksums } from "./groups.ts";
import { checkFields } from "./inode-fields.ts";
import { checkMapping } from "./inode-mapping.ts";
import { noteValueInode } from "./xattr-sharing.ts";
import { checkXattrs } from "./xattrs.ts";

const READ_SIZE = 2 ** 20;

export function* checkInodes(check: Check): Steps<void> {
  const { volume } = check;
  for (let group = 0; group < volume.superblock.groups; group++) {
    for (const inode of tableInodes(volume, group)) {
      yield;
      if (inode !== undefined) yield* checkInode(check, inode);
    }
  }
}

/** Inodes of a group's table that may be in use and are not all zero. */
export function* tableInodes(volume: Volume, group: number): Paused<FileInode> {
  const { inodeSize, inodesPerGroup, blockSize } = volume.superblock;
  const { inodeTable } = volume.descriptor(group);
  const size = scannedInodes(volume, group) * inodeSize;
  for (let from = 0; from < size; from += READ_SIZE) {
    yield;
    const bytes = volume.image.read(inodeTable * blockSize + from, Math.min(READ_SIZE, size - from));
    for (let at = 0; at + inodeSize <= bytes.length; at += inodeSize) {
      const slot = bytes.subarray(at, at + inodeSize);
      if (isZero(slot)) continue;
      yield decodeInode(volume, group * inodesPerGroup + (from + at) / inodeSize + 1, slot);
    }
  }
}

/** How many inodes of a group count; what is past them may be left from before. */
function scannedInodes(volume: Volume, group: number): number {
  const { inodesPerGroup } = volume.superblock;
  if (!hasDescriptorChecksums(volume)) return inodesPerGroup;
  const { fields, unusedInodes } = volume.descriptor(group);
  if ((fields.bg_flags & EXT4_BG_INODE_UNINIT) !== 0) return 0;
  return Math.max(0, inodesPerGroup - unusedInodes);
}

/** While an inode waits to be deleted, i_dtime is the number of the next one that does, and no time. */
function isQueued({ superblock }: Volume, { fields }: FileInode): boolean {
  const { s_inodes_count, s_wtime, s_mkfs_time } = superblock.fields;
  // Where clocks begin in 1970, small numbers may well be times.
  if (Math.min(s_wtime, s_mkfs_time) < s_inodes_count) return false;
  return fields.i_dtime !== 0 && fields.i_dtime < s_inodes_count;
}

function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}

function* checkInode(check: Check, inode: FileInode): Steps<void> {
  const { volume, findings } = check;
  const { number, fields, links } = inode;
  const where = inodeName(number);
  const right = inodeChecksumIsRight(volume, inode);
  findings.expect(right, where, "its checksum is wrong");
  findings.expect(!isQueued(volume, inode), where, "it waits to be deleted");
  const reserved = number < volume.superblock.firstInode && number !== EXT4_ROOT_INO;
  if (links === 0 && !reserved) {
    // What was deleted says when; e2fsck takes anything else for a lost inode.
    findings.expect(
      fields.i_mode === 0 || fields.i_dtime !== 0,
      where,
      "it is deleted without a time of that",
    );
    return;
  }
  if (number === EXT4_BAD_INO || number === EXT4_RESIZE_INO) return;
  if (links > 0) check.inodes.set(number, { type: inode.type, links });
  if (!right) {
    // Its other fields would only be more of the same.
    check.blocksAreComplete = false;
    check.namesAreComplete = false;
    return;
  }
  if (links === 0 && fields.i_mode === 0) return;
  checkFields(check, inode);
  const complete = yield* findings.attemptSteps(checkBlocks(check, inode));
  if (!complete) check.blocksAreComplete = false;
  if (!complete && inode.type === "directory") check.namesAreComplete = false;
  if (complete && inode.type === "directory") check.directories.push(number);
}

function* checkBlocks(check: Check, inode: FileInode): Steps<void> {
  const charged = checkXattrs(check, inode);
  yield* checkMapping(check, inode, charged);
  if ((inode.fields.i_flags & EXT4_EA_INODE_FL) !== 0) yield* noteValueInode(check, inode);
}
