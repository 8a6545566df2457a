import { be16, be32, be64, bytes, le32, u8 } from "../../../blocks/field.ts";

export const XFS_DINODE_MAGIC = 0x494e;
export const INODE_VERSION = 3;
export const INODE_SIZE = 512;
/** Bytes of the fields; what follows is the data fork, and behind it the attribute fork. */
export const INODE_CORE_SIZE = 176;
export const LITERAL_AREA_SIZE = INODE_SIZE - INODE_CORE_SIZE;
/** Unit of di_forkoff. */
export const FORKOFF_UNIT = 8;
/** Inodes that are allocated together. */
export const INODES_PER_CHUNK = 64;

/** di_format and di_aformat (enum xfs_dinode_fmt). */
export const FORMAT = { dev: 0, local: 1, extents: 2, btree: 3 } as const;

/** di_flags: not to be written back under a new name (mkfs sets it on the realtime bitmap). */
export const XFS_DIFLAG_NEWRTBM = 0x4;
/** di_flags2: the times of this inode are counted in nanoseconds since 1901. */
export const XFS_DIFLAG2_BIGTIME = 0x8;

/** Times with XFS_DIFLAG2_BIGTIME are 64 bits of nanoseconds since this second, counted from 1970. */
export const EARLIEST_TIME = -(2 ** 31);
/** The last second that 64 bits of nanoseconds reach, rounded down as the kernel does (XFS_BIGTIME_TIME_MAX): in 2486. */
export const LATEST_TIME = 18_446_744_072 - 2 ** 31;

/** struct xfs_dinode (fs/xfs/libxfs/xfs_format.h), as version 3 has it. */
export const INODE = {
  di_magic: be16(0),
  di_mode: be16(2),
  di_version: u8(4),
  di_format: u8(5),
  di_onlink: be16(6),
  di_uid: be32(8),
  di_gid: be32(12),
  di_nlink: be32(16),
  di_projid_lo: be16(20),
  di_projid_hi: be16(22),
  di_atime: be64(32),
  di_mtime: be64(40),
  di_ctime: be64(48),
  di_size: be64(56),
  di_nblocks: be64(64),
  di_extsize: be32(72),
  di_nextents: be32(76),
  di_anextents: be16(80),
  di_forkoff: u8(82),
  di_aformat: u8(83),
  di_flags: be16(90),
  di_gen: be32(92),
  di_next_unlinked: be32(96),
  di_crc: le32(100),
  di_changecount: be64(104),
  di_lsn: be64(112),
  di_flags2: be64(120),
  di_cowextsize: be32(128),
  di_crtime: be64(144),
  di_ino: be64(152),
  di_uuid: bytes(160, 16),
};

/**
 * A device's number in the data fork (xfs_dev_t, sysv_encode_dev): the major number above 18 bits of minor number. Of the
 * 14 bits of the major number Linux reads 9 (xfs_to_linux_dev_t).
 */
export const DEVICE = { dev: be32(0) };
export const DEVICE_SIZE = 4;
export const MINOR_BITS = 18;
export const LARGEST_MINOR = 2 ** MINOR_BITS - 1;
export const LARGEST_MAJOR = 2 ** 9 - 1;
