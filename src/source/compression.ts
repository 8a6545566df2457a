import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Docker2vmError, reasonOf, systemErrorCode } from "../errors.ts";
import { FOREIGN_HEAD, type ForeignCompression, sniffForeign } from "../inflate/foreign.ts";
import { type Compression, sniffCompression as sniffKnown } from "../inflate/sniff.ts";
import { CHUNK_SIZE } from "../memory/chunks.ts";

export type FileCompression = Compression | ForeignCompression;

/** Bytes that sniffCompression wants to see. */
export const SNIFFED = FOREIGN_HEAD;

/** How a file that starts so is compressed. */
export function sniffCompression(start: Uint8Array): FileCompression {
  return sniffForeign(start) ?? sniffKnown(start);
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
  const { unzstdPortable } = await import("../inflate/portable-zstd.ts");
  yield* unzstdPortable(input, (cause) => broken("zstd", cause, where));
}

function broken(compression: FileCompression, cause: unknown, where: string): Docker2vmError {
  return new Docker2vmError(
    "E_BAD_ARCHIVE",
    `${where}: its ${compression} compression is broken: ${reasonOf(cause)}`,
    {
      hint: "the archive is damaged or cut off: write or copy it again",
      cause,
    },
  );
}
