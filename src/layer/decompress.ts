import { badCompression } from "../inflate/bad-compression.ts";
import { gunzipNative, hasNativeZstd, unzstdNative } from "../inflate/native.ts";
import type { Compression } from "../inflate/sniff.ts";
import { type ChunkMemory, STOCK } from "../memory/chunks.ts";

/** Who inflates: node:zlib, JavaScript (fflate, fzstd), or node:zlib as far as the runtime has it. */
export type InflateChoice = "native" | "fflate" | "auto";

export { gunzipsAside } from "../inflate/native.ts";
export { type Compression, sniffCompression } from "../inflate/sniff.ts";

/**
 * The uncompressed bytes, in chunks that are good until the next one. All of a gzip file's members and of zstd's frames;
 * zeros after a gzip file's end are its padding. Throws E_BAD_COMPRESSION for damaged or incomplete data, E_UNSUPPORTED
 * where the choice is native and the runtime has no zstd. What `stored` throws goes through.
 *
 * @param layer what messages call the layer
 * @param memory where to inflate to, as far as the inflater lets itself be told
 */
export function decompress(
  stored: AsyncIterable<Uint8Array>,
  compression: Compression,
  choice: InflateChoice,
  layer: string,
  memory: ChunkMemory = STOCK,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "none":
      return stored;
    case "gzip":
      return choice === "fflate" ? portableGzip(stored, layer) : gunzipNative(stored, layer, memory);
    case "zstd":
      return usesPortableZstd(choice) ? portableZstd(stored, layer) : unzstdNative(stored, layer, memory);
  }
}

/** The portable inflaters are loaded when they are wanted: hardly ever, and it takes longer than a small image. */
async function* portableGzip(stored: AsyncIterable<Uint8Array>, layer: string): AsyncGenerator<Uint8Array> {
  const { gunzipPortable } = await import("../inflate/portable-gzip.ts");
  yield* gunzipPortable(stored, layer);
}

async function* portableZstd(stored: AsyncIterable<Uint8Array>, layer: string): AsyncGenerator<Uint8Array> {
  const { unzstdPortable } = await import("../inflate/portable-zstd.ts");
  yield* unzstdPortable(stored, (cause) => badCompression(layer, "zstd", cause));
}

function usesPortableZstd(choice: InflateChoice): boolean {
  return choice === "fflate" || (choice === "auto" && !hasNativeZstd);
}
