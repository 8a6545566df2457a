import { be32, be64, bytes, le32 } from "../../../blocks/field.ts";

export const XFS_AGF_MAGIC = 0x58414746;
export const XFS_AGF_VERSION = 1;
/** The sector of an allocation group that it lies in. */
export const AGF_SECTOR = 1;

/** struct xfs_agf (fs/xfs/libxfs/xfs_format.h): an allocation group's free space. Its trees' blocks are named within it. */
export const AGF = {
  agf_magicnum: be32(0),
  agf_versionnum: be32(4),
  agf_seqno: be32(8),
  agf_length: be32(12),
  agf_bno_root: be32(16),
  agf_cnt_root: be32(20),
  agf_rmap_root: be32(24),
  agf_bno_level: be32(28),
  agf_cnt_level: be32(32),
  agf_rmap_level: be32(36),
  agf_flfirst: be32(40),
  agf_fllast: be32(44),
  agf_flcount: be32(48),
  agf_freeblks: be32(52),
  agf_longest: be32(56),
  agf_btreeblks: be32(60),
  agf_uuid: bytes(64, 16),
  agf_rmap_blocks: be32(80),
  agf_refcount_blocks: be32(84),
  agf_refcount_root: be32(88),
  agf_refcount_level: be32(92),
  agf_lsn: be64(208),
  agf_crc: le32(216),
};
