/** Makes an extent's bytes of its pcluster. */

import { inflatedWhole } from "../../../../inflate/whole.ts";
import { Z_EROFS_PCLUSTER_MAX_DSIZE } from "../../format/compression.ts";
import { decompressBlock } from "../../lz4/decompress.ts";
import { broken } from "../broken.ts";
import type { CompressedExtent } from "../extent.ts";
import { unsupported } from "../features.ts";
import type { Volume } from "../volume.ts";

/**
 * All bytes of the extent. Throws E_INVALID_FILESYSTEM, naming `where`, if they cannot be made, and E_UNSUPPORTED for
 * LZMA.
 */
export function decompressed(volume: Volume, extent: CompressedExtent, where: string): Uint8Array {
  const { position, size, length, algorithm } = extent;
  if (algorithm === "lzma") {
    throw unsupported(`${where} is compressed with LZMA, which this program cannot read`);
  }
  volume.checkRange(position, size, where);
  const stored = volume.image.read(position, size);
  // Only in old images LZ4 is at the pcluster's beginning; all else ends with it, zeros before.
  const input = algorithm === "lz4" && !volume.has("lz4_0padding") ? stored : withoutPadding(stored);
  const bytes = attempt(() =>
    algorithm === "lz4" ? unlz4(input, length) : inflatedWhole(algorithm, input, Z_EROFS_PCLUSTER_MAX_DSIZE),
  );
  if (bytes !== undefined && bytes.length >= length) return bytes.subarray(0, length);
  throw broken(
    where,
    `what ${algorithm} made of its bytes ${extent.offset} to ${extent.offset + length} is damaged`,
  );
}

/** What a block makes past those bytes is not looked at. */
function unlz4(block: Uint8Array, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  return decompressBlock(block, bytes) === length ? bytes : undefined;
}

/** Undefined for what an inflater throws: nothing that it says of damage is of use to anybody. */
function attempt(inflate: () => Uint8Array | undefined): Uint8Array | undefined {
  try {
    return inflate();
  } catch {
    return undefined;
  }
}

function withoutPadding(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(first < 0 ? bytes.length : first);
}
