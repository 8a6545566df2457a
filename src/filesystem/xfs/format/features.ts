/** sb_features_ro_compat and sb_features_incompat (fs/xfs/libxfs/xfs_format.h, XFS_SB_FEAT_*), as far as written. */

/** A kernel that lacks one of these may still mount read-only. */
export const RO_COMPAT = {
  /** Trees of the inodes that are free. */
  finobt: 0x1,
  /** Blocks that several files share, counted in a tree. */
  reflink: 0x4,
  /** Blocks of both inode trees, counted in the AGI. */
  inobtcount: 0x8,
} as const;

/** A kernel that lacks one of these refuses the mount. */
export const INCOMPAT = {
  /** Types of files in directory entries. */
  ftype: 0x1,
  /** Chunks of inodes that are there in part. */
  spinodes: 0x2,
  /** Times up to 2486 in inodes that say so. */
  bigtime: 0x8,
} as const;

/** sb_versionnum: version 5 with attributes, 32-bit link counts, aligned inodes, log version 2, version 2 directories. */
export const VERSION = 0xb4b5;
/** sb_features2: lazy counters, second form of attributes, 32-bit project numbers, checksums. */
export const FEATURES2 = 0x18a;
