import * as zlib from "node:zlib";
import { Docker2vmError } from "../../errors.ts";
import { badCompression } from "./bad-compression.ts";
import { throughCodec } from "./codec.ts";
import { checkZeroPadding } from "./gzip-format.ts";
import { checkZstdFrames } from "./zstd-frames.ts";

/** Of the output: smaller chunks cost half the speed, larger ones gain nothing. */
const CHUNK_SIZE = 1 << 20;

type CreateZstdDecompress = (options: zlib.ZlibOptions) => zlib.Gunzip;

/** node:zlib's, where the runtime has it: Bun, and Node from 22.15. The types of Node 20 do not know it. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: CreateZstdDecompress };

export const hasNativeZstd = createZstdDecompress !== undefined;

/** Every member; it stops of itself at zeros after a member. */
export function gunzipNative(stored: AsyncIterable<Uint8Array>, layer: string): AsyncGenerator<Uint8Array> {
  const damaged = (cause: unknown) => badCompression(layer, "gzip", cause);
  return throughCodec(stored, zlib.createGunzip({ chunkSize: CHUNK_SIZE }), damaged, (rest) =>
    checkZeroPadding(rest, damaged),
  );
}

/**
 * Every frame. It would end quietly in the middle of one and at anything else after one: so the frames are checked
 * before. Throws E_UNSUPPORTED where the runtime has none.
 */
export function unzstdNative(stored: AsyncIterable<Uint8Array>, layer: string): AsyncGenerator<Uint8Array> {
  const damaged = (cause: unknown) => badCompression(layer, "zstd", cause);
  if (createZstdDecompress === undefined) {
    throw new Docker2vmError("E_UNSUPPORTED", `${layer}: this runtime's node:zlib has no zstd`, {
      hint: 'choose the inflater "auto", or use Bun or Node 22.15',
    });
  }
  return throughCodec(
    checkZstdFrames(stored, damaged),
    createZstdDecompress({ chunkSize: CHUNK_SIZE }),
    damaged,
    () => {},
  );
}
