/** Blocks of B+trees (fs/xfs/libxfs/xfs_format.h, struct xfs_btree_block): those of an allocation group, and of files. */
import { be16, be32, be64, bytes, le32, u8 } from "../../../blocks/field.ts";

/** A sibling that there is not, in the short and the long form: all bits set. */
export const NULL_SIBLING = -1;

/** A block that names others within its allocation group. */
export const SHORT_BTREE_BLOCK = {
  bb_magic: be32(0),
  bb_level: be16(4),
  bb_numrecs: be16(6),
  bb_leftsib: be32(8),
  bb_rightsib: be32(12),
  bb_blkno: be64(16),
  bb_lsn: be64(24),
  bb_uuid: bytes(32, 16),
  bb_owner: be32(48),
  bb_crc: le32(52),
};
export const SHORT_BTREE_HEADER = 56;

/** A block that names others in the whole filesystem. */
export const LONG_BTREE_BLOCK = {
  bb_magic: be32(0),
  bb_level: be16(4),
  bb_numrecs: be16(6),
  bb_leftsib: be64(8),
  bb_rightsib: be64(16),
  bb_blkno: be64(24),
  bb_lsn: be64(32),
  bb_uuid: bytes(40, 16),
  bb_owner: be64(56),
  bb_crc: le32(64),
  bb_pad: be32(68),
};
export const LONG_BTREE_HEADER = 72;

/** bb_magic of each tree. */
export const BTREE_MAGIC = {
  /** Free runs by their place, "AB3B". */
  bno: 0x41423342,
  /** Free runs by their length, "AB3C". */
  cnt: 0x41423343,
  /** Chunks of inodes, "IAB3". */
  ino: 0x49414233,
  /** Chunks with free inodes, "FIB3". */
  fino: 0x46494233,
  /** Blocks that are shared, "R3FC". */
  refcount: 0x52334643,
  /** Extents of a file, "BMA3". */
  bmap: 0x424d4133,
} as const;

/** struct xfs_alloc_rec, and the key of a node: a free run. */
export const ALLOC_RECORD = { ar_startblock: be32(0), ar_blockcount: be32(4) };
export const ALLOC_RECORD_SIZE = 8;

/** struct xfs_inobt_rec: 64 inodes in a row. ir_free has a bit for each, set where it is free. */
export const INOBT_RECORD = {
  ir_startino: be32(0),
  /** A bit for each four inodes that are not there. */
  ir_holemask: be16(4),
  ir_count: u8(6),
  ir_freecount: u8(7),
  ir_free_hi: be32(8),
  ir_free_lo: be32(12),
};
export const INOBT_RECORD_SIZE = 16;
/** The key of a node: ir_startino. */
export const INOBT_KEY_SIZE = 4;

/** struct xfs_refcount_rec. */
export const REFCOUNT_RECORD = { rc_startblock: be32(0), rc_blockcount: be32(4), rc_refcount: be32(8) };
export const REFCOUNT_RECORD_SIZE = 12;

/** Bytes of a pointer to a block of the same tree. */
export const SHORT_POINTER_SIZE = 4;
