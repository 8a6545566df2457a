/** How pclusters are compressed, by their numbers (Z_EROFS_COMPRESSION_*, fs/erofs/erofs_fs.h). */
export const ALGORITHMS = ["lz4", "lzma", "deflate", "zstd"] as const;

export type Algorithm = (typeof ALGORITHMS)[number];
