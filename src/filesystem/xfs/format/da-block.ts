/** What the blocks of directories and attributes share that are found by hash (fs/xfs/libxfs/xfs_da_format.h). */
import { be16, be32, be64, bytes, le32 } from "../../../blocks/field.ts";

export const DA_MAGIC = {
  /** A block above leaves. */
  node: 0x3ebe,
  /** The one leaf of a directory, with the free space of its data blocks. */
  dirLeaf1: 0x3df1,
  /** One of several leaves of a directory. */
  dirLeafN: 0x3dff,
  attrLeaf: 0x3bee,
} as const;

/** struct xfs_da3_blkinfo: forw and back are blocks of the file on the same level, 0 if there is none. */
export const DA_BLOCK = {
  forw: be32(0),
  back: be32(4),
  magic: be16(8),
  crc: le32(12),
  blkno: be64(16),
  lsn: be64(24),
  uuid: bytes(32, 16),
  owner: be64(48),
};

/** struct xfs_da3_node_hdr after that: how many entries, and how far above the leaves. */
export const DA_NODE = { count: be16(56), level: be16(58) };
export const DA_ENTRIES_OFFSET = 64;

/** struct xfs_da_node_entry: the last hash below a block of the file, and that block. */
export const DA_NODE_ENTRY = { hashval: be32(0), before: be32(4) };
export const DA_NODE_ENTRY_SIZE = 8;
/** Entries in a node. */
export const DA_NODE_ENTRIES = 504;
