import { le16, le32, u8 } from "../../../blocks/field.ts";
import { SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE } from "./superblock.ts";

/**
 * How pclusters are compressed, by their numbers (Z_EROFS_COMPRESSION_*, fs/erofs/erofs_fs.h): those of the bits of
 * available_compr_algs, and of h_algorithmtype.
 */
export const ALGORITHMS = ["lz4", "lzma", "deflate", "zstd"] as const;

/** With compr_cfgs: for each algorithm there is, in the order of their bits, the length of its configuration, and that. */
export const COMPRESSION_CONFIGS_OFFSET = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE;
export const CONFIG_LENGTH = { length: le16(0x0) };
export const CONFIG_LENGTH_SIZE = 2;

/** struct z_erofs_lz4_cfgs. */
export const LZ4_CONFIG = { max_distance: le16(0x0), max_pclusterblks: le16(0x2) };
export const LZ4_CONFIG_SIZE = 14;
/** Where the root can be put behind the configuration of LZ4: numbers of inodes count 32 bytes each. */
export const COMPRESSED_ROOT_OFFSET = COMPRESSION_CONFIGS_OFFSET + 32;

/** Most bytes of a pcluster, as it is stored (fs/erofs/erofs_fs.h). */
export const Z_EROFS_PCLUSTER_MAX_SIZE = 1 << 20;
/** What a pcluster makes at the most, also if others that share it have more of it (fs/erofs/internal.h). */
export const Z_EROFS_PCLUSTER_MAX_DSIZE = 12 << 20;

/**
 * struct z_erofs_map_header (fs/erofs/erofs_fs.h): at the next multiple of 8 behind a compressed inode and its
 * attributes. If h_clusterbits has FRAGMENT_INODE, all 8 bytes but that bit are where the file is in the packed inode.
 */
export const MAP_HEADER = {
  /** Of a file whose end is in the packed inode: where, in the lower 32 bits. */
  h_fragmentoff: le32(0x0),
  /** Of others: bytes of the last pcluster, behind the index. */
  h_idata_size: le16(0x2),
  h_advise: le16(0x4),
  /** Bits 0 to 3: the algorithm of HEAD1; 4 to 7: of HEAD2. */
  h_algorithmtype: u8(0x6),
  /** Bits 0 to 3: the binary logarithm of a cluster's blocks. */
  h_clusterbits: u8(0x7),
};
export const MAP_HEADER_SIZE = 8;
export const Z_EROFS_CLUSTERBITS_MASK = 0x0f;
export const Z_EROFS_FRAGMENT_INODE = 0x80;

/** h_advise */
export const Z_EROFS_ADVISE_COMPACTED_2B = 0x0001;
export const Z_EROFS_ADVISE_BIG_PCLUSTER_1 = 0x0002;
export const Z_EROFS_ADVISE_BIG_PCLUSTER_2 = 0x0004;
export const Z_EROFS_ADVISE_INLINE_PCLUSTER = 0x0008;
export const Z_EROFS_ADVISE_INTERLACED_PCLUSTER = 0x0010;
export const Z_EROFS_ADVISE_FRAGMENT_PCLUSTER = 0x0020;

/** Bytes between the header and a full index (Z_EROFS_FULL_INDEX_START). */
export const FULL_INDEX_GAP = 8;

/** struct z_erofs_lcluster_index: what a full index says of each cluster. */
export const LCLUSTER_INDEX = {
  di_advise: le16(0x0),
  /** Of a head: the byte of the cluster where its extent begins. */
  di_clusterofs: le16(0x2),
  /** Of a head: the first block of its pcluster. */
  blkaddr: le32(0x4),
  /** Of others: clusters back to the head, or in the first one behind it the pcluster's blocks with D0_CBLKCNT. */
  delta_0: le16(0x4),
  /** Clusters on to the next head. */
  delta_1: le16(0x6),
};
export const LCLUSTER_INDEX_SIZE = 8;
export const Z_EROFS_LI_LCLUSTER_TYPE_MASK = 0x3;
export const Z_EROFS_LI_D0_CBLKCNT = 0x0800;

/** What a cluster is, in full and compact indexes. */
export const LCLUSTER_TYPE = {
  /** An extent begins that is stored as it is. */
  PLAIN: 0,
  HEAD1: 1,
  NONHEAD: 2,
  HEAD2: 3,
} as const;

/**
 * A pack of a compact index: so many entries, from the lowest bits on, each of an offset, a distance or a count, and the
 * two bits of its type above that; and in its last four bytes the block that its pclusters are counted from.
 */
export interface PackShape {
  readonly entries: number;
  /** Of an entry. */
  readonly bits: number;
  readonly size: number;
}
export const PACK_OF_2: PackShape = { entries: 2, bits: 16, size: 8 };
/** With COMPACTED_2B, at multiples of its size. */
export const PACK_OF_16: PackShape = { entries: 16, bits: 14, size: 32 };
/** Bits of an entry below its type where clusters have a block; as many as a cluster's bytes take where that is more. */
export const PACK_LOW_BITS = 12;
/** Bytes of the block's number. */
export const PACK_BASE_SIZE = 4;
