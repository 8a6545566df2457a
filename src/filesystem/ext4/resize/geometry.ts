/** How large the filesystem becomes, and where the descriptors of its groups will be. */
import { high32 } from "../../../blocks/field.ts";
import { Docker2vmError } from "../../../errors.ts";
import { COMPAT_NAMES, INCOMPAT_NAMES } from "../format/feature-names.ts";
import { blocksIn, descriptorBlocksIn, firstBlockOf, hasSuperblock } from "../read/group-descriptor.ts";
import type { Superblock, SuperblockFields } from "../read/superblock.ts";
import { unsupported } from "./growable.ts";
import { withFields } from "./superblock.ts";

/** Free blocks that a last group is to have, lest it is left out: as mke2fs and resize2fs have it. */
const LEAST_FREE = 50;
/** A block bitmap and an inode bitmap. */
const BITMAPS = 2;
/** What fields of 32 bits hold. */
const MOST = 2 ** 32 - 1;

/**
 * The superblock of the filesystem at `blocks` blocks, or at a few less: a last group that would be too short for what
 * must lie in it is left out. Counts of what is free are still the old ones. Undefined if nothing is added. Throws
 * E_FILESYSTEM_LIMIT and E_UNSUPPORTED.
 */
export function grownGeometry(before: Superblock, blocks: number): Superblock | undefined {
  let size = blocks;
  while (size > before.blocks) {
    refuseBeyondLimits(before, size);
    const grown = withFields(before, geometryFields(before, size));
    const last = grown.groups - 1;
    const room = blocksIn(grown, last);
    const whole = room === grown.blocksPerGroup;
    const needed = ownBlocks(grown, last);
    if (last < before.groups || room >= needed + (whole ? 0 : LEAST_FREE)) {
      refuseFullGroups(grown);
      return grown;
    }
    if (whole) throw tooFewDescriptors();
    size = firstBlockOf(grown, last);
  }
  return undefined;
}

/** Blocks at the start of a group that hold the superblock and descriptors, or are kept for descriptors. */
export function headBlocks(superblock: Superblock, group: number): number {
  const { used, reserved } = descriptorBlocksIn(superblock, group);
  return (hasSuperblock(superblock, group) ? 1 : 0) + used + reserved;
}

/** Blocks of an inode table. */
export function tableBlocks({ inodesPerGroup, inodeSize, blockSize }: Superblock): number {
  return Math.ceil((inodesPerGroup * inodeSize) / blockSize);
}

/** Blocks that hold the descriptors of all groups. */
export function descriptorBlocks({ groups, descriptorSize, blockSize }: Superblock): number {
  return Math.ceil((groups * descriptorSize) / blockSize);
}

/** What a group must have room for if all that is its own lies in it. */
function ownBlocks(superblock: Superblock, group: number): number {
  return headBlocks(superblock, group) + BITMAPS + tableBlocks(superblock);
}

function geometryFields(before: Superblock, blocks: number): Partial<SuperblockFields> {
  const { fields, blocksPerGroup, inodesPerGroup, features } = before;
  const groups = Math.ceil((blocks - fields.s_first_data_block) / blocksPerGroup);
  const reservedBlocks = Number((BigInt(before.reservedBlocks) * BigInt(blocks)) / BigInt(before.blocks));
  return {
    s_blocks_count_lo: blocks,
    s_r_blocks_count_lo: reservedBlocks,
    ...(features.has("64bit")
      ? { s_blocks_count_hi: high32(blocks), s_r_blocks_count_hi: high32(reservedBlocks) }
      : {}),
    s_inodes_count: groups * inodesPerGroup,
    ...descriptorFields(before, groups),
    ...(features.has("sparse_super2") ? { s_backup_bgs: backupGroups(before, groups) } : {}),
  };
}

/**
 * Room for more descriptors: none is needed; or blocks are reserved for them behind the old ones; or, with the feature
 * meta_bg, further blocks of descriptors lie in the groups that they describe, as the kernel has it when it grows a
 * mounted filesystem. Then nothing in the old groups has to move.
 */
function descriptorFields(before: Superblock, groups: number): Partial<SuperblockFields> {
  const { fields, features } = before;
  const old = descriptorBlocks(before);
  const added = descriptorBlocks({ ...before, groups }) - old;
  const reserved = fields.s_reserved_gdt_blocks;
  if (added === 0 || features.has("meta_bg")) return {};
  if (added <= reserved) return { s_reserved_gdt_blocks: reserved - added };
  return {
    s_feature_compat: withoutBit(fields.s_feature_compat, COMPAT_NAMES.resize_inode),
    s_feature_incompat: fields.s_feature_incompat + INCOMPAT_NAMES.meta_bg,
    s_first_meta_bg: old + reserved,
    s_reserved_gdt_blocks: 0,
  };
}

function withoutBit(word: number, bit: number): number {
  return (word & ~bit) >>> 0;
}

/**
 * sparse_super2 has room for two backups. Those that there are stay where they are; a filesystem that was too short to have
 * one in group 1, or in its last group as well, gets it.
 */
function backupGroups(before: Superblock, groups: number): Uint8Array {
  const bytes = new Uint8Array(before.fields.s_backup_bgs);
  if (before.groups > 2) return bytes;
  const view = new DataView(bytes.buffer);
  // The only one of two groups mke2fs names in the second place.
  const inGroupOne = hasSuperblock(before, 1) || (before.groups === 1 && groups > 1);
  view.setUint32(0, inGroupOne ? 1 : 0, true);
  view.setUint32(4, groups > 2 ? groups - 1 : 0, true);
  return bytes;
}

function refuseBeyondLimits(before: Superblock, blocks: number): void {
  const { features, blockSize, blocksPerGroup, inodesPerGroup, blocksPerCluster } = before;
  const limit = (what: string, hint: string) => new Docker2vmError("E_FILESYSTEM_LIMIT", what, { hint });
  if (blocks > MOST && !features.has("64bit")) {
    const tebibytes = ((MOST + 1) * blockSize) / 2 ** 40;
    throw limit(
      `without the feature 64bit a filesystem has less than ${tebibytes} TiB in blocks of ${blockSize} bytes`,
      "ask for less; 'docker2vm convert image:FILE --size SIZE' makes one anew that can be larger",
    );
  }
  if (blocks > MOST && features.has("resize_inode")) {
    throw unsupported("block numbers past 2^32 do not fit the lists of its feature resize_inode");
  }
  if (Math.ceil(blocks / blocksPerGroup) * inodesPerGroup > MOST) {
    throw limit(
      `it would have more inodes than the ${MOST} that are possible: ${inodesPerGroup} come with each group`,
      "ask for less; 'docker2vm convert image:FILE --size SIZE --inodes NUMBER' makes one anew with fewer",
    );
  }
  if (before.blocks % blocksPerCluster !== 0 || blocks % blocksPerCluster !== 0) {
    throw unsupported(
      `its blocks or those asked for are no whole clusters of ${blocksPerCluster * blockSize} bytes (bigalloc)`,
      "ask for a multiple of that; resize2fs may grow the others",
    );
  }
}

function refuseFullGroups(grown: Superblock): void {
  // The groups with the most at their start are those with a superblock.
  if (ownBlocks(grown, 1) > grown.blocksPerGroup) throw tooFewDescriptors();
}

function tooFewDescriptors(): Docker2vmError {
  return new Docker2vmError("E_FILESYSTEM_LIMIT", "the descriptors of so many groups do not fit a group", {
    hint: "ask for less",
  });
}
