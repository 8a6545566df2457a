import * as zlib from "node:zlib";
import { Docker2vmError } from "../errors.ts";
import { CHUNK_SIZE, type ChunkMemory, isStock } from "../memory/chunks.ts";
import { badCompression } from "./bad-compression.ts";
import { AsideGunzip, throughAside } from "./codec-aside.ts";
import { CodecHandle, throughHandle } from "./codec-handle.ts";
import { FINISH } from "./codec-step.ts";
import { throughStream } from "./codec-stream.ts";
import { checkZeroPadding } from "./gzip-format.ts";
import { checkZstdFrames } from "./zstd-frames.ts";

type CreateZstdDecompress = (options: zlib.ZlibOptions) => zlib.Gunzip;

/** As FINISH, of zstd.h. */
const ZSTD_E_END = 2;

/** node:zlib's, where the runtime has it: Bun, and Node from 22.15. The types of Node 20 do not know it. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: CreateZstdDecompress };

export const hasNativeZstd = createZstdDecompress !== undefined;

/**
 * Every member; it stops of itself at zeros after a member. Memory of somebody else's is filled by this thread, which
 * then has nothing else to do; where it is the thread's own, another fills it if the runtime lets one.
 */
export function gunzipNative(
  stored: AsyncIterable<Uint8Array>,
  layer: string,
  memory: ChunkMemory,
): AsyncGenerator<Uint8Array> {
  const damaged = (cause: unknown) => badCompression(layer, "gzip", cause);
  const checkRest = (rest: Uint8Array) => checkZeroPadding(rest, damaged);
  const codec = isStock(memory) ? asideGunzip() : undefined;
  if (isStock(memory) && codec !== undefined)
    return throughAside({ stored, codec, damaged, checkRest, memory });
  return through({ stored, create: zlib.createGunzip, end: FINISH, damaged, checkRest, memory });
}

/**
 * Every frame. It would end quietly in the middle of one and at anything else after one: so the frames are checked
 * before. Throws E_UNSUPPORTED where the runtime has none.
 */
export function unzstdNative(
  stored: AsyncIterable<Uint8Array>,
  layer: string,
  memory: ChunkMemory,
): AsyncGenerator<Uint8Array> {
  const damaged = (cause: unknown) => badCompression(layer, "zstd", cause);
  if (createZstdDecompress === undefined) {
    throw new Docker2vmError("E_UNSUPPORTED", `${layer}: this runtime's node:zlib has no zstd`, {
      hint: 'choose the inflater "auto", or use Bun or Node 22.15',
    });
  }
  const frames = checkZstdFrames(stored, damaged);
  return through({
    stored: frames,
    create: createZstdDecompress,
    end: ZSTD_E_END,
    damaged,
    checkRest: () => {},
    memory,
  });
}

/** Whether other threads inflate what this one reads, without being asked to. */
export function gunzipsAside(): boolean {
  const codec = asideGunzip();
  void codec?.close();
  return codec !== undefined;
}

function asideGunzip(): AsideGunzip | undefined {
  return AsideGunzip.like(zlib.createGunzip());
}

interface Way {
  readonly stored: AsyncIterable<Uint8Array>;
  readonly create: (options: zlib.ZlibOptions) => zlib.Gunzip;
  readonly end: number;
  readonly damaged: (cause: unknown) => Error;
  readonly checkRest: (rest: Uint8Array) => void;
  readonly memory: ChunkMemory;
}

function through({ stored, create, end, damaged, checkRest, memory }: Way): AsyncGenerator<Uint8Array> {
  const codec = CodecHandle.of(create({}), end);
  if (codec !== undefined) return throughHandle(stored, codec, damaged, checkRest, memory);
  return throughStream(stored, create({ chunkSize: CHUNK_SIZE }), damaged, checkRest);
}
