import { bytes, le16, le32, le64, sle64, u8 } from "../../../blocks/field.ts";

export const SUPERBLOCK_OFFSET = 1024;
export const SUPERBLOCK_SIZE = 128;
export const EROFS_SUPER_MAGIC_V1 = 0xe0f5e1e2;
/** blkszbits of blocks of 4,096 bytes. */
export const BLOCK_BITS = 12;
/** Bytes of volume_name, the last of them NUL. */
export const VOLUME_NAME_SIZE = 16;

/**
 * struct erofs_super_block (fs/erofs/erofs_fs.h). It lies at byte 1024 of the image. Its checksum is the register of a
 * CRC-32C, which begins as all ones, after the rest of the first block from byte 1024 on, the checksum itself as zero.
 */
export const SUPERBLOCK = {
  magic: le32(0x00),
  checksum: le32(0x04),
  feature_compat: le32(0x08),
  blkszbits: u8(0x0c),
  sb_extslots: u8(0x0d),
  root_nid: le16(0x0e),
  inos: le64(0x10),
  epoch: sle64(0x18),
  fixed_nsec: le32(0x20),
  blocks: le32(0x24),
  meta_blkaddr: le32(0x28),
  xattr_blkaddr: le32(0x2c),
  uuid: bytes(0x30, 16),
  volume_name: bytes(0x40, VOLUME_NAME_SIZE),
  feature_incompat: le32(0x50),
  /** With compr_cfgs a bit for each algorithm there is; else the largest distance of LZ4 matches. */
  available_compr_algs: le16(0x54),
  extra_devices: le16(0x56),
  devt_slotoff: le16(0x58),
  dirblkbits: u8(0x5a),
  xattr_prefix_count: u8(0x5b),
  xattr_prefix_start: le32(0x5c),
  packed_nid: le64(0x60),
  xattr_filter_reserved: u8(0x68),
  build_time: le32(0x6c),
  rootnid_8b: le64(0x70),
  metabox_nid: le64(0x78),
};

/** Where the root can be put, as its number has 16 bits, if nothing is behind the superblock. */
export const ROOT_OFFSET = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE;
