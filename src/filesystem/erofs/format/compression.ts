import { le16, le32, u8 } from "../../../blocks/field.ts";

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
