import { le16, le32 } from "../../../blocks/field.ts";

export const EXT4_EXT_MAGIC = 0xf30a;
/** Bytes of each of the three structures below. */
export const EXTENT_RECORD_SIZE = 12;
/** Most blocks of one initialised extent; a larger ee_len means unwritten ones (fs/ext4/ext4_extents.h). */
export const EXT_INIT_MAX_LEN = 32768;
/** Records that fit i_block after its header. */
export const ROOT_EXTENTS = 4;
/** Records that fit a 4 KiB block after its header and before its checksum. */
export const BLOCK_EXTENTS = 340;
/** struct ext4_extent_tail: the checksum after the last record that fits. */
export const EXTENT_TAIL_OFFSET = EXTENT_RECORD_SIZE + EXTENT_RECORD_SIZE * BLOCK_EXTENTS;

/** struct ext4_extent_header (fs/ext4/ext4_extents.h). */
export const EXTENT_HEADER = {
  eh_magic: le16(0x0),
  eh_entries: le16(0x2),
  eh_max: le16(0x4),
  eh_depth: le16(0x6),
  eh_generation: le32(0x8),
};

/** struct ext4_extent_idx: a node of the level below and the first file block it covers. */
export const EXTENT_INDEX = {
  ei_block: le32(0x0),
  ei_leaf_lo: le32(0x4),
  ei_leaf_hi: le16(0x8),
};

/** struct ext4_extent: `ee_len` blocks of the file from `ee_block` on. */
export const EXTENT = {
  ee_block: le32(0x0),
  ee_len: le16(0x4),
  ee_start_hi: le16(0x6),
  ee_start_lo: le32(0x8),
};
