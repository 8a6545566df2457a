/** The kernel within a kernel: what an image unpacks when it is started. */
import { gunzipSync } from "node:zlib";
import { viewOf } from "../blocks/field.ts";
import { decompressBlock } from "../filesystem/erofs/lz4/decompress.ts";
import { sniffForeign } from "../inflate/foreign.ts";
import { sniffCompression } from "../inflate/sniff.ts";
import { inflatedWhole } from "../inflate/whole.ts";
import { unxzWhole } from "./xz.ts";

/** No kernel is larger. */
const MOST = 512 << 20;
/** lib/decompress_unlz4.c: the legacy frame, in blocks of 8 MiB with their length before them. */
const LZ4_MAGIC = 0x184c2102;
const LZ4_BLOCK = 8 << 20;

/** Undefined where it is compressed in a way that is not known here, or is not whole. */
export async function unpackPayload(bytes: Uint8Array, where: string): Promise<Uint8Array | undefined> {
  try {
    if (bytes.length > 4 && viewOf(bytes).getUint32(0, true) === LZ4_MAGIC) return unlz4(bytes);
    if (sniffForeign(bytes) === "xz")
      return await unxzWhole(bytes, MOST, where, "name its package or folder");
    const compression = sniffCompression(bytes);
    if (compression === "gzip") return gunzipSync(bytes, { maxOutputLength: MOST });
    if (compression === "zstd") return inflatedWhole("zstd", bytes, MOST);
  } catch {
    // Whoever asks does with less.
  }
  return undefined;
}

function unlz4(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  const blocks: Uint8Array[] = [];
  const block = new Uint8Array(LZ4_BLOCK);
  let total = 0;
  for (let at = 4; at + 4 < bytes.length && total < MOST; ) {
    const length = view.getUint32(at, true);
    at += 4;
    if (length === 0 || length > bytes.length - at) break;
    const size = decompressBlock(bytes.subarray(at, at + length), block);
    if (size === undefined) break;
    blocks.push(block.slice(0, size));
    total += size;
    at += length;
  }
  return Buffer.concat(blocks);
}
