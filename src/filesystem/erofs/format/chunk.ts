import { le16, le32 } from "../../../blocks/field.ts";

/**
 * i_u of a file in chunks (struct erofs_inode_chunk_info): in its low 16 bits the binary logarithm of a chunk's blocks,
 * and whether its array has indexes (fs/erofs/erofs_fs.h). The array begins at the next multiple of an item's size
 * behind the inode and its attributes.
 */
export const EROFS_CHUNK_FORMAT_BLKBITS_MASK = 0x001f;
export const EROFS_CHUNK_FORMAT_INDEXES = 0x0020;
export const EROFS_CHUNK_FORMAT_48BIT = 0x0040;

/**
 * The largest chunks of a file of so many blocks, as a binary logarithm: kernels of 32 bits, for which a file has at most
 * 16 TiB, count the bytes of a chunk in so many bits (erofs_map_blocks, fs/erofs/data.c).
 */
export function largestChunkBits(blocks: number): number {
  return blocks <= 2 ** 32 ? 19 : EROFS_CHUNK_FORMAT_BLKBITS_MASK;
}

/** An item without indexes: the first block of the chunk. */
export const BLOCK_MAP_ENTRY = { startblk: le32(0x0) };
export const BLOCK_MAP_ENTRY_SIZE = 4;

/** struct erofs_inode_chunk_index. */
export const CHUNK_INDEX = { startblk_hi: le16(0x0), device_id: le16(0x2), startblk_lo: le32(0x4) };
export const CHUNK_INDEX_SIZE = 8;

/** The first block of a chunk that is a hole. */
export const NULL_BLOCK = 0xffffffff;
