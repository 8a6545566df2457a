/** Bitmaps, and the counts of what they leave free, against what is in use. */

import type { Steps } from "../../../../waiting/steps.ts";
import { crc } from "../../format/checksum.ts";
import { EXT4_BG_BLOCK_UNINIT, EXT4_BG_INODE_UNINIT } from "../../format/group-descriptor.ts";
import { blocksIn, type GroupDescriptor } from "../group-descriptor.ts";
import type { Check } from "./check.ts";
import { hasDescriptorChecksums } from "./groups.ts";

/** Totals over all groups. */
interface Totals {
  freeBlocks: number;
  freeInodes: number;
}

/** The widest checksum that a descriptor without its upper half has room for. */
const LOW_HALF = 0xffff;
const FULL_DESCRIPTOR = 64;

export function* checkBitmaps(check: Check): Steps<void> {
  const { volume, findings, blocksAreComplete } = check;
  const { superblock } = volume;
  const { fields, groups } = superblock;
  const totals: Totals = { freeBlocks: 0, freeInodes: 0 };
  const directories = yield* directoriesByGroup(check);
  const inodes = yield* inodesInUse(check);
  for (let group = 0; group < groups; group++) {
    yield;
    const where = `group ${group}`;
    const readable = findings.attempt(() => {
      const descriptor = volume.descriptor(group);
      checkBlockBitmap(check, group, descriptor, totals);
      checkInodeBitmap(check, group, descriptor, inodes, totals);
      const counted = directories.get(group) ?? 0;
      const stated = descriptor.usedDirectories;
      findings.expect(stated === counted, where, `it counts ${stated} directories and has ${counted}`);
    });
    if (!readable) return;
  }
  const { freeBlocks } = superblock;
  if (blocksAreComplete) {
    const what = `it counts ${freeBlocks} free blocks, ${totals.freeBlocks} are free`;
    findings.expect(freeBlocks === totals.freeBlocks, "superblock", what);
  }
  const freeInodes = fields.s_free_inodes_count;
  const what = `it counts ${freeInodes} free inodes, ${totals.freeInodes} are free`;
  findings.expect(freeInodes === totals.freeInodes, "superblock", what);
}

function* directoriesByGroup({ volume, inodes }: Check): Steps<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  yield* inodes.each((number, type) => {
    if (type !== "directory") return;
    const group = Math.floor((number - 1) / volume.superblock.inodesPerGroup);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  });
  return counts;
}

/** For each group with inodes in use the bits of them. Reserved inodes always are. */
function* inodesInUse({ volume, inodes }: Check): Steps<ReadonlyMap<number, Uint8Array>> {
  const { inodesPerGroup, firstInode } = volume.superblock;
  const bitmaps = new Map<number, Uint8Array>();
  const mark = (number: number): void => {
    const group = Math.floor((number - 1) / inodesPerGroup);
    const bits = bitmaps.get(group) ?? new Uint8Array(Math.ceil(inodesPerGroup / 8));
    bitmaps.set(group, bits);
    const bit = (number - 1) % inodesPerGroup;
    bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
  };
  for (let number = 1; number < firstInode; number++) mark(number);
  yield* inodes.each(mark);
  return bitmaps;
}

function checkBlockBitmap(check: Check, group: number, descriptor: GroupDescriptor, totals: Totals): void {
  const { volume, findings, blocksAreComplete } = check;
  const { superblock } = volume;
  const where = `group ${group}, block bitmap`;
  const blocks = blocksIn(superblock, group);
  const used = check.used.ofGroup(group);
  if ((descriptor.fields.bg_flags & EXT4_BG_BLOCK_UNINIT) !== 0 && hasDescriptorChecksums(volume)) {
    const fixed = check.fixed.ofGroup(group);
    const same = firstDifference(used, fixed, blocks) < 0;
    findings.expect(same, where, "it is not on disk, though the group has blocks in use");
  } else {
    const bitmap = volume.block(descriptor.blockBitmap, where);
    const covered = bitmap.subarray(0, superblock.blocksPerGroup / 8);
    checkChecksum(check, covered, descriptor.blockBitmapChecksum, where);
    const at = blocksAreComplete ? firstDifference(used, bitmap, blocks) : -1;
    const first = superblock.fields.s_first_data_block + group * superblock.blocksPerGroup;
    const says = isSet(bitmap, at) ? "in use, but it is not" : "free, but it is not";
    findings.expect(at < 0, where, `block ${first + at} is marked as ${says}`);
    checkPadding(check, bitmap, blocks, where);
  }
  const free = blocks - countBits(used, blocks);
  totals.freeBlocks += free;
  if (!blocksAreComplete) return;
  const what = `it counts ${descriptor.freeBlocks} free blocks, ${free} are free`;
  findings.expect(descriptor.freeBlocks === free, `group ${group}`, what);
}

function checkInodeBitmap(
  check: Check,
  group: number,
  descriptor: GroupDescriptor,
  inUse: ReadonlyMap<number, Uint8Array>,
  totals: Totals,
): void {
  const { volume, findings } = check;
  const { inodesPerGroup } = volume.superblock;
  const where = `group ${group}, inode bitmap`;
  const used = inUse.get(group);
  if ((descriptor.fields.bg_flags & EXT4_BG_INODE_UNINIT) !== 0 && hasDescriptorChecksums(volume)) {
    findings.expect(used === undefined, where, "it is not on disk, though the group has inodes in use");
  } else {
    const bitmap = volume.block(descriptor.inodeBitmap, where);
    const covered = bitmap.subarray(0, inodesPerGroup / 8);
    checkChecksum(check, covered, descriptor.inodeBitmapChecksum, where);
    const at = firstDifference(used, bitmap, inodesPerGroup);
    const says = isSet(bitmap, at) ? "in use, but it is not" : "free, but it is not";
    findings.expect(at < 0, where, `inode ${group * inodesPerGroup + at + 1} is marked as ${says}`);
    checkPadding(check, bitmap, inodesPerGroup, where);
  }
  const free = inodesPerGroup - countBits(used, inodesPerGroup);
  totals.freeInodes += free;
  const what = `it counts ${descriptor.freeInodes} free inodes, ${free} are free`;
  findings.expect(descriptor.freeInodes === free, `group ${group}`, what);
}

function checkChecksum(
  { volume, findings }: Check,
  covered: Uint8Array,
  stated: number,
  where: string,
): void {
  if (!volume.has("metadata_csum")) return;
  const { seed, descriptorSize } = volume.superblock;
  const computed = crc(seed, covered);
  const right = descriptorSize >= FULL_DESCRIPTOR ? computed === stated : (computed & LOW_HALF) === stated;
  findings.expect(right, where, "its checksum is wrong");
}

/** What is past the last block or inode must not look free. */
function checkPadding({ findings }: Check, bitmap: Uint8Array, length: number, where: string): void {
  let set = true;
  for (let bit = length; bit < bitmap.length * 8 && set; bit++) {
    if ((bit & 7) === 0 && bitmap[bit >> 3] === 0xff) bit += 7;
    else set = isSet(bitmap, bit);
  }
  findings.expect(set, where, "its end is not filled with ones");
}

function isSet(bits: Uint8Array | undefined, at: number): boolean {
  return (((bits?.[at >> 3] ?? 0) >> (at & 7)) & 1) !== 0;
}

/** The first of `length` bits that differ, or -1; what is undefined is all zeros. */
function firstDifference(a: Uint8Array | undefined, b: Uint8Array | undefined, length: number): number {
  for (let byte = 0; byte < Math.ceil(length / 8); byte++) {
    if ((a?.[byte] ?? 0) === (b?.[byte] ?? 0)) continue;
    for (let bit = byte * 8; bit < Math.min(length, byte * 8 + 8); bit++) {
      if (isSet(a, bit) !== isSet(b, bit)) return bit;
    }
  }
  return -1;
}

function countBits(bits: Uint8Array | undefined, length: number): number {
  let count = 0;
  if (bits === undefined) return 0;
  for (let byte = 0; byte * 8 < length; byte++) {
    for (let rest = bits[byte] ?? 0; rest !== 0; rest &= rest - 1) count++;
  }
  return count;
}
