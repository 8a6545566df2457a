import { be32, be64 } from "../../../blocks/field.ts";

/** di_flags: contents are on the realtime device. */
export const XFS_DIFLAG_REALTIME = 0x1;
/** di_flags2: extents are counted in the fields below (nrext64). */
export const XFS_DIFLAG2_NREXT64 = 0x10;

/** Where an inode with XFS_DIFLAG2_NREXT64 counts its extents (struct xfs_dinode, fs/xfs/libxfs/xfs_format.h). */
export const BIG_COUNTERS = { di_big_nextents: be64(24), di_big_anextents: be32(76) };
