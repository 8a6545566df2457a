/** Compression that is known here by its name alone. */
export type ForeignCompression = "bzip2" | "xz";

/** What files begin with. Shorter ones would do, but a few letters may begin a file's name as well, and so a tar. */
const MAGICS: readonly (readonly [ForeignCompression, readonly RegExp[]])[] = [
  // bzip2's compress.c: the block size, then a block, or the end of an empty file.
  ["bzip2", [/^425a683[1-9]314159265359/, /^425a683[1-9]177245385090/]],
  // The .xz file format, 2.1.1.1.
  ["xz", [/^fd377a585a00/]],
];

/** Bytes that sniffForeign wants to see. */
export const FOREIGN_HEAD = 10;

/** Told by the first bytes; undefined for everything else. */
export function sniffForeign(head: Uint8Array): ForeignCompression | undefined {
  const hex = Buffer.from(head.subarray(0, FOREIGN_HEAD)).toString("hex");
  return MAGICS.find(([, magics]) => magics.some((magic) => magic.test(hex)))?.[0];
}
