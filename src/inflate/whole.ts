/** Compressed pieces that are small, whole and in memory. */
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";

type DecompressSync = (bytes: Uint8Array, options: zlib.ZlibOptions) => Uint8Array;

/** node:zlib's, where the runtime has it: Bun, and Node from 22.15. The types of Node 20 do not know it. */
const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: DecompressSync };

/**
 * What a raw deflate stream, or a zstd frame, makes. Throws whatever the inflater throws where it is damaged, or makes
 * more than `most` bytes; one that is cut short may just make fewer.
 */
export function inflatedWhole(format: "deflate" | "zstd", bytes: Uint8Array, most: number): Uint8Array {
  const options = { maxOutputLength: most };
  if (format === "deflate") return zlib.inflateRawSync(bytes, options);
  return zstdDecompressSync?.(bytes, options) ?? unzstdPortable(bytes, most);
}

export function unzstdPortable(bytes: Uint8Array, most: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const frame = new Decompress((part) => {
    length += part.length;
    if (length > most) throw new Error(`it makes more than ${most} bytes`);
    parts.push(part);
  });
  // A copy: fzstd keeps what it cannot use yet.
  frame.push(bytes.slice(), true);
  return Buffer.concat(parts, length);
}
