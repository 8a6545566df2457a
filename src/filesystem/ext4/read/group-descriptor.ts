/** Group descriptors: where they lie and what they say. */

import { decode, type Values, viewOf } from "../../../blocks/field.ts";
import { crc, crcOfNumber } from "../format/checksum.ts";
import { DESCRIPTOR_SIZE, GROUP_DESCRIPTOR } from "../format/group-descriptor.ts";
import { SUPERBLOCK_OFFSET } from "../format/superblock.ts";
import { crc16 } from "./crc16.ts";
import type { Superblock } from "./superblock.ts";

/** A descriptor with its halves put together. */
export interface GroupDescriptor {
  readonly fields: Values<typeof GROUP_DESCRIPTOR>;
  readonly bytes: Uint8Array;
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  readonly usedDirectories: number;
  /** Inodes at the end of the table that are not in use, and perhaps not even zeroed. */
  readonly unusedInodes: number;
  readonly blockBitmapChecksum: number;
  readonly inodeBitmapChecksum: number;
}

export function decodeDescriptor(bytes: Uint8Array): GroupDescriptor {
  const padded = new Uint8Array(DESCRIPTOR_SIZE);
  padded.set(bytes.subarray(0, DESCRIPTOR_SIZE));
  const fields = decode(GROUP_DESCRIPTOR, viewOf(padded), 0);
  return {
    fields,
    bytes,
    blockBitmap: fields.bg_block_bitmap_hi * 2 ** 32 + fields.bg_block_bitmap_lo,
    inodeBitmap: fields.bg_inode_bitmap_hi * 2 ** 32 + fields.bg_inode_bitmap_lo,
    inodeTable: fields.bg_inode_table_hi * 2 ** 32 + fields.bg_inode_table_lo,
    freeBlocks: fields.bg_free_blocks_count_hi * 2 ** 16 + fields.bg_free_blocks_count_lo,
    freeInodes: fields.bg_free_inodes_count_hi * 2 ** 16 + fields.bg_free_inodes_count_lo,
    usedDirectories: fields.bg_used_dirs_count_hi * 2 ** 16 + fields.bg_used_dirs_count_lo,
    unusedInodes: fields.bg_itable_unused_hi * 2 ** 16 + fields.bg_itable_unused_lo,
    blockBitmapChecksum: fields.bg_block_bitmap_csum_hi * 2 ** 16 + fields.bg_block_bitmap_csum_lo,
    inodeBitmapChecksum: fields.bg_inode_bitmap_csum_hi * 2 ** 16 + fields.bg_inode_bitmap_csum_lo,
  };
}

/** Whether bg_checksum is right; true where there is none. */
export function descriptorChecksumIsRight(
  superblock: Superblock,
  group: number,
  { bytes, fields }: GroupDescriptor,
): boolean {
  const checksum = descriptorChecksum(superblock, group, bytes);
  return checksum === undefined || checksum === fields.bg_checksum;
}

/** What bg_checksum is to be: CRC-32C with metadata_csum, CRC-16 with uninit_bg, undefined without either. */
export function descriptorChecksum(
  superblock: Superblock,
  group: number,
  bytes: Uint8Array,
): number | undefined {
  const field = GROUP_DESCRIPTOR.bg_checksum;
  if (superblock.features.has("metadata_csum")) {
    const cleared = new Uint8Array(bytes);
    field.put(viewOf(cleared), 0, 0);
    return crc(crcOfNumber(superblock.seed, group), cleared) & 0xffff;
  }
  if (!superblock.features.has("uninit_bg")) return undefined;
  const number = new Uint8Array(4);
  viewOf(number).setUint32(0, group, true);
  const before = crc16(
    crc16(crc16(0xffff, superblock.fields.s_uuid), number),
    bytes.subarray(0, field.offset),
  );
  return crc16(before, bytes.subarray(field.offset + field.width));
}

/** The byte of the image at which the group's descriptor begins. */
export function descriptorPosition(superblock: Superblock, group: number): number {
  const { blockSize, descriptorSize } = superblock;
  const perBlock = blockSize / descriptorSize;
  const index = Math.floor(group / perBlock);
  return descriptorBlock(superblock, index) * blockSize + (group % perBlock) * descriptorSize;
}

/** The block of the image that holds the `index`th block of descriptors. */
export function descriptorBlock(superblock: Superblock, index: number): number {
  const { features, fields, blockSize, descriptorSize } = superblock;
  const home = Math.floor(SUPERBLOCK_OFFSET / blockSize);
  if (!features.has("meta_bg") || index < fields.s_first_meta_bg) return home + 1 + index;
  // From here on each block of descriptors lies in the first of the groups that it describes.
  const group = index * (blockSize / descriptorSize);
  if (group === 0) return home + 1;
  return firstBlockOf(superblock, group) + (hasSuperblock(superblock, group) ? 1 : 0);
}

/** The first block of a group. */
export function firstBlockOf({ fields, blocksPerGroup }: Superblock, group: number): number {
  return fields.s_first_data_block + group * blocksPerGroup;
}

/** Blocks of a group: fewer only in the last. */
export function blocksIn(superblock: Superblock, group: number): number {
  return Math.min(superblock.blocksPerGroup, superblock.blocks - firstBlockOf(superblock, group));
}

/** Whether a copy of the superblock lies at the start of the group (ext4_bg_has_super). */
export function hasSuperblock({ features, fields }: Superblock, group: number): boolean {
  if (group === 0) return true;
  if (features.has("sparse_super2")) {
    const view = viewOf(fields.s_backup_bgs);
    return group === view.getUint32(0, true) || group === view.getUint32(4, true);
  }
  if (group === 1 || !features.has("sparse_super")) return true;
  return isPowerOf(3, group) || isPowerOf(5, group) || isPowerOf(7, group);
}

function isPowerOf(base: number, number: number): boolean {
  let power = base;
  while (power < number) power *= base;
  return power === number;
}

/** Blocks of descriptors, and of room for more, that follow the group's superblock; or the meta_bg's block. */
export function descriptorBlocksIn(
  superblock: Superblock,
  group: number,
): { used: number; reserved: number } {
  const { features, fields, blockSize, descriptorSize, groups } = superblock;
  const perBlock = blockSize / descriptorSize;
  const all = Math.ceil(groups / perBlock);
  const metaBlock = Math.floor(group / perBlock);
  if (!features.has("meta_bg") || metaBlock < fields.s_first_meta_bg) {
    if (!hasSuperblock(superblock, group)) return { used: 0, reserved: 0 };
    const used = features.has("meta_bg") ? Math.min(fields.s_first_meta_bg, all) : all;
    return { used, reserved: fields.s_reserved_gdt_blocks };
  }
  const place = group % perBlock;
  return { used: place === 0 || place === 1 || place === perBlock - 1 ? 1 : 0, reserved: 0 };
}
