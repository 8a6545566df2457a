/** All inodes of all tables. */

import type { Paused, Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { readInto } from "../../../reading/image.ts";
import { EXT4_BG_INODE_UNINIT } from "../../format/group-descriptor.ts";
import { EXT4_BAD_INO, EXT4_EA_INODE_FL, EXT4_RESIZE_INO, EXT4_ROOT_INO } from "../../format/inode.ts";
import { FileInode, inodeChecksumIsRight } from "../inode.ts";
import { isMappedInItself } from "../mapping.ts";
import type { Volume } from "../volume.ts";
import type { Check } from "./check.ts";
import { hasDescriptorChecksums } from "./groups.ts";
import { checkFields } from "./inode-fields.ts";
import { checkMapping, checkShortMapping } from "./inode-mapping.ts";
import { noteValueInode } from "./xattr-sharing.ts";
import { checkXattrs } from "./xattrs.ts";

const READ_SIZE = 2 ** 18;
/** Inodes that are looked at without a pause; each may read a block for a symlink and one for attributes. */
const PART = 4;

export function* checkInodes(check: Check): Steps<void> {
  const { volume } = check;
  let inodes = 0;
  for (let group = 0; group < volume.superblock.groups; group++) {
    for (const inode of tableInodes(volume, group)) {
      if (inode === undefined || inodes++ % PART === 0) yield;
      if (inode === undefined || !checkHead(check, inode)) continue;
      checkFields(check, inode);
      const complete = isShort(inode)
        ? check.findings.attempt(() => checkShort(check, inode))
        : yield* check.findings.attemptSteps(checkLong(check, inode));
      noteBlocks(check, inode, complete);
    }
  }
}

/** Inodes of a group's table that may be in use and are not all zero; each is good until the next is asked for. */
export function* tableInodes(volume: Volume, group: number): Paused<FileInode> {
  const { inodeSize, inodesPerGroup, blockSize } = volume.superblock;
  const { inodeTable } = volume.descriptor(group);
  const size = scannedInodes(volume, group) * inodeSize;
  const bytes = new Uint8Array(Math.min(READ_SIZE, size));
  for (let from = 0; from < size; from += READ_SIZE) {
    yield;
    const room = bytes.subarray(0, size - from);
    const length = readInto(volume.image, inodeTable * blockSize + from, room);
    for (let at = 0; at + inodeSize <= length; at += inodeSize) {
      const slot = bytes.subarray(at, at + inodeSize);
      if (isZero(slot)) continue;
      yield new FileInode(volume, group * inodesPerGroup + (from + at) / inodeSize + 1, slot);
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
  const { s_inodes_count, s_wtime, s_mtime, s_mkfs_time } = superblock.fields;
  // Where clocks begin in 1970, small numbers may well be times. Of a time that was never noted there is a zero.
  if ([s_wtime, s_mtime, s_mkfs_time].some((time) => time !== 0 && time < s_inodes_count)) return false;
  return fields.i_dtime !== 0 && fields.i_dtime < s_inodes_count;
}

function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** What an inode says of itself. Returns whether it is in use, and right enough to look further. */
function checkHead(check: Check, inode: FileInode): boolean {
  const { volume, findings } = check;
  const { number, fields, links } = inode;
  const right = inodeChecksumIsRight(volume, inode);
  if (!right) findings.add(inodeName(number), "its checksum is wrong");
  if (isQueued(volume, inode)) findings.add(inodeName(number), "it waits to be deleted");
  const reserved = number < volume.superblock.firstInode && number !== EXT4_ROOT_INO;
  if (links === 0 && !reserved) {
    // What was deleted says when; e2fsck takes anything else for a lost inode.
    findings.expect(
      fields.i_mode === 0 || fields.i_dtime !== 0,
      inodeName(number),
      "it is deleted without a time of that",
    );
    return false;
  }
  if (number === EXT4_BAD_INO || number === EXT4_RESIZE_INO) return false;
  if (links > 0) check.inodes.add(number, inode.type, links);
  if (!right) {
    // Its other fields would only be more of the same.
    check.blocksAreComplete = false;
    check.namesAreComplete = false;
    return false;
  }
  return links > 0 || fields.i_mode !== 0;
}

/** Whether the inode's blocks are soon gone through. */
function isShort(inode: FileInode): boolean {
  return (inode.fields.i_flags & EXT4_EA_INODE_FL) === 0 && isMappedInItself(inode);
}

function checkShort(check: Check, inode: FileInode): void {
  checkShortMapping(check, inode, checkXattrs(check, inode));
}

function* checkLong(check: Check, inode: FileInode): Steps<void> {
  const charged = checkXattrs(check, inode);
  yield* checkMapping(check, inode, charged);
  if ((inode.fields.i_flags & EXT4_EA_INODE_FL) !== 0) yield* noteValueInode(check, inode);
}

/** @param complete whether nothing kept from going through its attributes and blocks */
function noteBlocks(check: Check, { type, number }: FileInode, complete: boolean): void {
  if (!complete) check.blocksAreComplete = false;
  if (type !== "directory") return;
  if (complete) check.directories.push(number);
  else check.namesAreComplete = false;
}
