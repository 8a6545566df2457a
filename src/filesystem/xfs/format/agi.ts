import { be32, be64, bytes, le32 } from "../../../blocks/field.ts";

export const XFS_AGI_MAGIC = 0x58414749;
export const XFS_AGI_VERSION = 1;
export const AGI_SECTOR = 2;
/** agi_newino, agi_dirino, and a list of unlinked inodes: none. */
export const NULLAGINO = 0xffffffff;
export const XFS_AGI_UNLINKED_BUCKETS = 64;

/** struct xfs_agi (fs/xfs/libxfs/xfs_format.h): an allocation group's inodes. */
export const AGI = {
  agi_magicnum: be32(0),
  agi_versionnum: be32(4),
  agi_seqno: be32(8),
  agi_length: be32(12),
  agi_count: be32(16),
  agi_root: be32(20),
  agi_level: be32(24),
  agi_freecount: be32(28),
  agi_newino: be32(32),
  agi_dirino: be32(36),
  /** 64 heads of lists of 4 bytes each. */
  agi_unlinked: bytes(40, 4 * XFS_AGI_UNLINKED_BUCKETS),
  agi_uuid: bytes(296, 16),
  agi_crc: le32(312),
  agi_lsn: be64(320),
  agi_free_root: be32(328),
  agi_free_level: be32(332),
  agi_iblocks: be32(336),
  agi_fblocks: be32(340),
};
