import { le16, le32, le64, sle64 } from "../../../blocks/field.ts";

/** Inodes begin at multiples of this (EROFS_ISLOTBITS): number `nid` at byte meta_blkaddr * 4096 + nid * 32. */
export const SLOT_SIZE = 32;

/** i_format: bit 0 is the version, bits 1 to 3 the layout of the data (fs/erofs/erofs_fs.h). */
export const EROFS_INODE_LAYOUT_COMPACT = 0;
export const EROFS_INODE_LAYOUT_EXTENDED = 1;
export const DATALAYOUT_SHIFT = 1;
export const DATALAYOUT_MASK = 0x7;
export const DATALAYOUT = {
  /** Whole blocks in one run. */
  FLAT_PLAIN: 0,
  /** Compressed, with eight bytes for each block of the file. */
  COMPRESSED_FULL: 1,
  /** Whole blocks in one run, what is left right behind the inode and its attributes, not past the block's end. */
  FLAT_INLINE: 2,
  /** Compressed, with two or four bytes for each block of the file. */
  COMPRESSED_COMPACT: 3,
  /** Runs of equal lengths, their places in an array behind the inode and its attributes. */
  CHUNK_BASED: 4,
} as const;

/** i_u of a file that has no block of its own. */
export const NO_BLOCK = 0xffffffff;

/** struct erofs_inode_compact: the time is the superblock's epoch. */
export const COMPACT_INODE = {
  i_format: le16(0x00),
  i_xattr_icount: le16(0x02),
  i_mode: le16(0x04),
  i_nlink: le16(0x06),
  i_size: le32(0x08),
  /** After the epoch; read by kernels from 6.15 on, in images that have 48bit. */
  i_mtime: le32(0x0c),
  /** First block of the data, number of compressed blocks, form of the chunks, or device number. */
  i_u: le32(0x10),
  i_ino: le32(0x14),
  i_uid: le16(0x18),
  i_gid: le16(0x1a),
};
export const COMPACT_INODE_SIZE = 32;

/** struct erofs_inode_extended. */
export const EXTENDED_INODE = {
  i_format: le16(0x00),
  i_xattr_icount: le16(0x02),
  i_mode: le16(0x04),
  i_size: le64(0x08),
  /** As in a compact inode. */
  i_u: le32(0x10),
  i_ino: le32(0x14),
  i_uid: le32(0x18),
  i_gid: le32(0x1c),
  i_mtime: sle64(0x20),
  i_mtime_nsec: le32(0x28),
  i_nlink: le32(0x2c),
};
export const EXTENDED_INODE_SIZE = 64;
