import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Docker2vmError, systemErrorCode } from "../errors.ts";
import { CHUNK_SIZE } from "../memory/chunks.ts";

export type FileCompression = "gzip" | "zstd" | "bzip2" | "xz" | "none";

const MAGIC: readonly [FileCompression, readonly number[]][] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** Bytes that sniffCompression wants to see. */
export const SNIFFED = 6;

/** How a file that starts so is compressed. */
export function sniffCompression(start: Uint8Array): FileCompression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, i) => start[i] === byte));
  return found?.[0] ?? "none";
}

/**
 * The bytes of an archive without its compression. `where` names it in messages.
 * Throws E_BAD_ARCHIVE for broken or cut-off compression, E_UNSUPPORTED for kinds other than gzip and zstd.
 */
export function decompress(
  input: AsyncIterable<Uint8Array>,
  compression: FileCompression,
  where: string,
): AsyncIterable<Uint8Array> {
  if (compression === "none") return input;
  if (compression === "gzip") return gunzip(input, where);
  if (compression === "zstd") return unzstd(input, where);
  throw new Docker2vmError(
    "E_UNSUPPORTED",
    `${where}: archives compressed with ${compression} are not supported`,
    {
      hint: `decompress it first: ${compression} -d`,
    },
  );
}

async function* gunzip(input: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<Uint8Array> {
  const source = Readable.from(input);
  const inflate = createGunzip({ chunkSize: CHUNK_SIZE });
  source.on("error", (error) => inflate.destroy(error));
  source.pipe(inflate);
  try {
    yield* inflate;
  } catch (error) {
    throw systemErrorCode(error)?.startsWith("Z_") ? broken("gzip", error, where) : error;
  } finally {
    source.destroy();
  }
}

/** With fzstd: node:zlib has no zstd in Node 20. */
async function* unzstd(input: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<Uint8Array> {
  // Loaded when there is such an archive: other images would wait for it.
  const { Decompress } = await import("fzstd");
  let output: Uint8Array[] = [];
  const decompressor = new Decompress((chunk) => output.push(chunk));
  const push = (chunk: Uint8Array, final: boolean): Uint8Array[] => {
    try {
      decompressor.push(chunk, final);
    } catch (error) {
      throw broken("zstd", error, where);
    }
    const ready = output;
    output = [];
    return ready;
  };
  for await (const chunk of input) yield* push(chunk, false);
  yield* push(new Uint8Array(), true);
}

function broken(compression: FileCompression, cause: unknown, where: string): Docker2vmError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Docker2vmError(
    "E_BAD_ARCHIVE",
    `${where}: its ${compression} compression is broken: ${reason}`,
    {
      hint: "the archive is damaged or cut off: write or copy it again",
      cause,
    },
  );
}
