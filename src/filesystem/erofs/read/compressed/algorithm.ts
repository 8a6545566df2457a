/** How pclusters are compressed, by their numbers (Z_EROFS_COMPRESSION_*, fs/erofs/erofs_fs.h). */
export const ALGORITHMS = ["lz4", "lzma", "deflate", "zstd"] as const;

/** One of them. */
export type Algorithm = (typeof ALGORITHMS)[number];
