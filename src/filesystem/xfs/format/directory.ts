/** Directories in their four forms (fs/xfs/libxfs/xfs_da_format.h), with the types of files in their entries. */
import { be16, be32, be64, bytes, le32, u8 } from "../../../blocks/field.ts";

export const XFS_NAME_LEN = 255;

/** The type of file in an entry (XFS_DIR3_FT_*). */
export const FILE_TYPE = {
  file: 1,
  directory: 2,
  char: 3,
  block: 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
} as const;

/** Blocks of the file that leaves and free indexes begin at: 32 GiB and 64 GiB (XFS_DIR2_LEAF_OFFSET, _FREE_OFFSET). */
export const DIRECTORY_LEAF_BLOCK = 2 ** 35 / 4096;
export const DIRECTORY_FREE_BLOCK = 2 ** 36 / 4096;

/**
 * struct xfs_dir2_sf_hdr, inside the inode: the number of the directory above has 4 bytes, 8 where i8count is not 0:
 * as many numbers in it do not fit 32 bits, and then all have 8.
 */
export const SHORT_DIRECTORY = { count: u8(0), i8count: u8(1) };
export const SHORT_DIRECTORY_PARENT = 2;
/** struct xfs_dir2_sf_entry up to the name; then the type in a byte, then the number. */
export const SHORT_ENTRY = { namelen: u8(0), offset: be16(1) };
export const SHORT_ENTRY_HEADER = 3;

export const DIRECTORY_MAGIC = {
  /** All of a directory in one block, "XDB3". */
  block: 0x58444233,
  /** A block of entries beside others, "XDD3". */
  data: 0x58444433,
  /** A free index, "XDF3". */
  free: 0x58444633,
} as const;

/** struct xfs_dir3_blk_hdr, of blocks of entries and of free indexes. */
export const DIRECTORY_BLOCK = {
  magic: be32(0),
  crc: le32(4),
  blkno: be64(8),
  lsn: be64(16),
  uuid: bytes(24, 16),
  owner: be64(40),
};
/** struct xfs_dir2_data_free: the three longest free runs of a block of entries, descending, from byte 48 on. */
export const BEST_FREE_OFFSET = 48;
export const BEST_FREE = { offset: be16(0), length: be16(2) };
export const BEST_FREE_SIZE = 4;
export const BEST_FREES = 3;
/** Where entries begin. */
export const DATA_ENTRIES_OFFSET = 64;

/** struct xfs_dir2_data_entry up to the name; then the type in a byte, and at the end the tag: where the entry begins. */
export const DATA_ENTRY = { inumber: be64(0), namelen: u8(8) };
export const DATA_ENTRY_HEADER = 9;
/** Bytes of an entry besides header and name: type and tag. */
export const DATA_ENTRY_TAIL = 3;
export const DATA_TAG_SIZE = 2;
/** Entries and free runs begin at multiples of this, and addresses count in it. */
export const DATA_ALIGN = 8;

/** struct xfs_dir2_data_unused: a free run; its last two bytes are the tag. */
export const DATA_UNUSED = { freetag: be16(0), length: be16(2) };
export const XFS_DIR2_DATA_FREE_TAG = 0xffff;

/** struct xfs_dir2_leaf_entry: the hash of a name, and its place in the directory in units of 8 bytes. */
export const LEAF_ENTRY = { hashval: be32(0), address: be32(4) };
export const LEAF_ENTRY_SIZE = 8;

/** struct xfs_dir2_block_tail, at the very end of the form with one block; the leaf entries end before it. */
export const BLOCK_TAIL = { count: be32(0), stale: be32(4) };
export const BLOCK_TAIL_SIZE = 8;

/** struct xfs_dir3_leaf_hdr after struct xfs_da3_blkinfo; entries from byte 64 on. */
export const DIRECTORY_LEAF = { count: be16(56), stale: be16(58) };
export const LEAF_ENTRIES_OFFSET = 64;
/** Entries in one of several leaves. */
export const LEAF_ENTRIES = 504;
/** struct xfs_dir2_leaf_tail, at the very end of the one leaf; 2 bytes for each data block end before it. */
export const LEAF_TAIL = { bestcount: be32(0) };
export const LEAF_TAIL_SIZE = 4;
/** Bytes of the longest free run of a data block, as leaves and free indexes have it. */
export const BEST_SIZE = 2;
/** The same where there is no such data block. */
export const NULLDATAOFF = 0xffff;

/** struct xfs_dir3_free_hdr after DIRECTORY_BLOCK. */
export const FREE_INDEX = { firstdb: be32(48), nvalid: be32(52), nused: be32(56) };
export const FREE_BESTS_OFFSET = 64;
/** Data blocks that a free index has. */
export const FREE_BESTS = 2016;
