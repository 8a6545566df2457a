import { le16, le32 } from "../../../blocks/field.ts";

/** s_desc_size with the 64bit feature: both halves of struct ext4_group_desc. */
export const DESCRIPTOR_SIZE = 64;
/** Without it: the first halves only. */
export const OLD_DESCRIPTOR_SIZE = 32;

/** bg_flags: no inode of the group is in use, its inode bitmap is not on disk. */
export const EXT4_BG_INODE_UNINIT = 0x1;
/** bg_flags: nothing in the group is in use but its own metadata, its block bitmap is not on disk. */
export const EXT4_BG_BLOCK_UNINIT = 0x2;
/** bg_flags: the inode table holds zeros past the inodes in use, so no kernel thread needs to write them. */
export const EXT4_BG_INODE_ZEROED = 0x4;

/** struct ext4_group_desc (fs/ext4/ext4.h). */
export const GROUP_DESCRIPTOR = {
  bg_block_bitmap_lo: le32(0x00),
  bg_inode_bitmap_lo: le32(0x04),
  bg_inode_table_lo: le32(0x08),
  bg_free_blocks_count_lo: le16(0x0c),
  bg_free_inodes_count_lo: le16(0x0e),
  bg_used_dirs_count_lo: le16(0x10),
  bg_flags: le16(0x12),
  bg_exclude_bitmap_lo: le32(0x14),
  bg_block_bitmap_csum_lo: le16(0x18),
  bg_inode_bitmap_csum_lo: le16(0x1a),
  bg_itable_unused_lo: le16(0x1c),
  bg_checksum: le16(0x1e),
  bg_block_bitmap_hi: le32(0x20),
  bg_inode_bitmap_hi: le32(0x24),
  bg_inode_table_hi: le32(0x28),
  bg_free_blocks_count_hi: le16(0x2c),
  bg_free_inodes_count_hi: le16(0x2e),
  bg_used_dirs_count_hi: le16(0x30),
  bg_itable_unused_hi: le16(0x32),
  bg_exclude_bitmap_hi: le32(0x34),
  bg_block_bitmap_csum_hi: le16(0x38),
  bg_inode_bitmap_csum_hi: le16(0x3a),
};
