/** Group descriptors, and the blocks that they and the superblocks take. */

import type { Steps } from "../../../../waiting/steps.ts";
import { EXT4_BG_BLOCK_UNINIT, EXT4_BG_INODE_UNINIT } from "../../format/group-descriptor.ts";
import { SUPERBLOCK_OFFSET } from "../../format/superblock.ts";
import {
  blocksIn,
  decodeDescriptor,
  descriptorBlocksIn,
  descriptorChecksumIsRight,
  firstBlockOf,
  type GroupDescriptor,
  hasSuperblock,
} from "../group-descriptor.ts";
import type { Volume } from "../volume.ts";
import type { Check } from "./check.ts";

/** sparse_super never makes more. Without it every group has a copy, and all of all would be too many to look at. */
const MOST_COPIES = 32;

/** Checks every descriptor and claims what is at fixed places. Returns whether all inode tables can be read. */
export function* checkGroups(check: Check): Steps<boolean> {
  const { volume, findings } = check;
  const { superblock } = volume;
  const first = Math.floor(SUPERBLOCK_OFFSET / superblock.blockSize);
  // With blocks of 1 KiB, what is before the superblock is no block of any group.
  if (first > superblock.fields.s_first_data_block) claimFixed(check, "boot block", 0, first);
  for (let group = 0; group < superblock.groups; group++) {
    claimHead(check, group);
    yield;
  }
  let readable = true;
  for (let group = 0; group < superblock.groups; group++) {
    const where = `group ${group}`;
    readable =
      findings.attempt(() => {
        const descriptor = volume.descriptor(group);
        findings.expect(
          descriptorChecksumIsRight(superblock, group, descriptor),
          where,
          "its descriptor's checksum is wrong",
        );
        const uninitialised = descriptor.fields.bg_flags & (EXT4_BG_INODE_UNINIT | EXT4_BG_BLOCK_UNINIT);
        findings.expect(
          (uninitialised === 0 && descriptor.unusedInodes === 0) || hasDescriptorChecksums(volume),
          where,
          "parts are said not to be in use yet, which needs checksums of descriptors",
        );
        const isLast = group === superblock.groups - 1;
        findings.expect(
          !isLast || (descriptor.fields.bg_flags & EXT4_BG_BLOCK_UNINIT) === 0,
          where,
          "its block bitmap is not on disk, which that of the last group must be",
        );
        checkPlaces(check, group, descriptor);
        findings.expect(
          descriptor.unusedInodes <= Math.min(descriptor.freeInodes, superblock.inodesPerGroup),
          where,
          "it has more unused inodes than free ones",
        );
      }) && readable;
    yield;
  }
  if (readable) yield* checkDescriptorCopies(check);
  return readable;
}

/** Only then may bitmaps be left out and the end of the inode table hold anything. */
export function hasDescriptorChecksums(volume: Volume): boolean {
  return volume.has("metadata_csum") || volume.has("uninit_bg");
}

/** The superblock and the descriptors at the start of a group. */
function claimHead(check: Check, group: number): void {
  const { superblock } = check.volume;
  const { used, reserved } = descriptorBlocksIn(superblock, group);
  const head = (hasSuperblock(superblock, group) ? 1 : 0) + used + reserved;
  const room = blocksIn(superblock, group);
  const where = `group ${group}`;
  check.findings.expect(head <= room, where, "it is too short for its superblock and descriptors");
  claimFixed(check, where, firstBlockOf(superblock, group), Math.min(head, room));
}

/** Throws E_INVALID_FILESYSTEM if a bitmap or the table is not in the filesystem. */
function checkPlaces(check: Check, group: number, descriptor: GroupDescriptor): void {
  const { volume, findings } = check;
  const { superblock } = volume;
  const tableBlocks = Math.ceil((superblock.inodesPerGroup * superblock.inodeSize) / superblock.blockSize);
  const places = [
    { name: "block bitmap", start: descriptor.blockBitmap, length: 1 },
    { name: "inode bitmap", start: descriptor.inodeBitmap, length: 1 },
    { name: "inode table", start: descriptor.inodeTable, length: tableBlocks },
  ];
  const first = firstBlockOf(superblock, group);
  const end = first + blocksIn(superblock, group);
  for (const { name, start, length } of places) {
    const where = `group ${group}, ${name}`;
    volume.checkRange(start, length, where);
    const inside = start >= first && start + length <= end;
    // Only with flex_bg may they be in another group.
    findings.expect(inside || volume.has("flex_bg"), where, "it is in another group");
    claimFixed(check, where, start, length);
  }
}

/** Claims blocks that have their place whatever files there are. */
export function claimFixed(check: Check, where: string, start: number, length: number): void {
  if (length === 0) return;
  check.findings.attempt(() => check.claim(where, start, length));
  check.fixed.add(start, length);
}

/** Copies are out of date in what changes, but not in where bitmaps and tables are. */
function* checkDescriptorCopies(check: Check): Steps<void> {
  const { volume, findings } = check;
  const { superblock, image } = volume;
  // With meta_bg, copies are spread over the groups that they describe.
  if (volume.has("meta_bg")) return;
  const { blockSize, descriptorSize, groups } = superblock;
  let copies = 0;
  for (let copy = 1; copy < groups && copies < MOST_COPIES; copy++) {
    if (!hasSuperblock(superblock, copy)) continue;
    copies++;
    const table = image.read((firstBlockOf(superblock, copy) + 1) * blockSize, groups * descriptorSize);
    for (let group = 0; group < groups; group++) {
      const bytes = table.subarray(group * descriptorSize, (group + 1) * descriptorSize);
      if (bytes.length < descriptorSize) break;
      const { blockBitmap, inodeBitmap, inodeTable } = decodeDescriptor(bytes);
      const descriptor = volume.descriptor(group);
      const same =
        blockBitmap === descriptor.blockBitmap &&
        inodeBitmap === descriptor.inodeBitmap &&
        inodeTable === descriptor.inodeTable;
      findings.expect(same, `descriptors of group ${copy}`, `group ${group} is elsewhere than it says`);
      yield;
    }
  }
}
