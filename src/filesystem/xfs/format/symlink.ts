import { be32, be64, bytes, le32 } from "../../../blocks/field.ts";

export const XFS_SYMLINK_MAGIC = 0x58534c4d;

/** struct xfs_dsymlink_hdr (fs/xfs/libxfs/xfs_format.h): the head of a block with a target that the inode cannot hold. */
export const SYMLINK_BLOCK = {
  sl_magic: be32(0),
  sl_offset: be32(4),
  sl_bytes: be32(8),
  sl_crc: le32(12),
  sl_uuid: bytes(16, 16),
  sl_owner: be64(32),
  sl_blkno: be64(40),
  sl_lsn: be64(48),
};
export const SYMLINK_HEADER = 56;
/** Longest target that can be made: the system call's own bound, its end counted (XFS_SYMLINK_MAXLEN). */
export const LONGEST_TARGET = 1023;
