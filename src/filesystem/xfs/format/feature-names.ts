/**
 * Every feature that a superblock of version 5 can name (XFS_SB_FEAT_*, fs/xfs/libxfs/xfs_format.h). For readers; what
 * this project's writer switches on is in features.ts.
 */

export const RO_COMPAT_NAMES = { finobt: 0x1, rmapbt: 0x2, reflink: 0x4, inobtcount: 0x8 } as const;

export const INCOMPAT_NAMES = {
  ftype: 0x1,
  spinodes: 0x2,
  meta_uuid: 0x4,
  bigtime: 0x8,
  needsrepair: 0x10,
  nrext64: 0x20,
  exchrange: 0x40,
  parent: 0x80,
  metadir: 0x100,
  zoned: 0x200,
  zone_gaps: 0x400,
} as const;
