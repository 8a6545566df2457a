export type Compression = "gzip" | "zstd" | "none";

/** RFC 1952, 2.3.1. */
const GZIP_MAGIC = [0x1f, 0x8b] as const;
/** RFC 8878, 3.1.1. */
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;
/** RFC 8878, 3.1.2: the first byte's low half is free. */
const SKIPPABLE_MAGIC = [0x2a, 0x4d, 0x18] as const;

/** Told by the first four bytes; "none" is a tar, or nothing this program knows. */
export function sniffCompression(head: Uint8Array): Compression {
  if (GZIP_MAGIC.every((byte, at) => head[at] === byte)) return "gzip";
  if (ZSTD_MAGIC.every((byte, at) => head[at] === byte)) return "zstd";
  const skippable = ((head[0] ?? 0) & 0xf0) === 0x50;
  if (skippable && SKIPPABLE_MAGIC.every((byte, at) => head[at + 1] === byte)) return "zstd";
  return "none";
}
