/** What an archive is by its first members: an image in one of its forms, or the files of a root filesystem. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";
import { isExtendedHeader } from "../tar/extended-headers.ts";
import { TarFault } from "../tar/fault.ts";
import { isZero } from "../tar/fields.ts";
import { BLOCK, padded } from "../tar/format.ts";
import { decodeHeader, headerPath } from "../tar/header.ts";
import { decompress, type FileCompression, SNIFFED, sniffCompression } from "./compression.ts";
import { readAt, readRange } from "./file-reading.ts";
import { inputError } from "./system-errors.ts";

export type ArchiveKind = "oci-archive" | "docker-archive" | "rootfs-tar";

/** What a file is as an archive; `kind` is undefined where it is none, or in a compression that is not read. */
export interface FoundArchive {
  readonly kind: ArchiveKind | undefined;
  readonly compression: FileCompression;
}

/** Bytes, uncompressed, in which some member says what the archive is: folders and documents come before layers. */
const HEAD = 256 << 10;

/** Names at an archive's root that only images have there. */
const NAMES: readonly (readonly [ArchiveKind, RegExp])[] = [
  // image-layout.md of the OCI image specification.
  ["oci-archive", /^(oci-layout|index\.json|blobs)$/],
  // docker save up to version 24, and those who write as it did: layers and configs are called by their digests.
  ["docker-archive", /^(manifest\.json|repositories|(sha256:)?[0-9a-f]{64}(\.json|\.tar(\.gz)?)?)$/],
];

/** Looks at the beginning of a file. Throws E_IMAGE_NOT_FOUND and E_IO. */
export async function archiveKind(path: string): Promise<FoundArchive> {
  const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
    throw inputError(error, path);
  });
  try {
    const { size } = await file.stat();
    const compression = sniffCompression(await readAt(file.fd, 0, SNIFFED, path));
    if (compression !== "none" && compression !== "gzip" && compression !== "zstd") {
      return { kind: undefined, compression };
    }
    const bytes = decompress(readRange(file.fd, 0, size, path), compression, path);
    return { kind: kindOf(await headOf(bytes)), compression };
  } finally {
    await file.close();
  }
}

/** The first bytes: as many as there are before what is broken. */
async function headOf(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of bytes) {
      chunks.push(chunk.slice());
      length += chunk.length;
      if (length >= HEAD) break;
    }
  } catch (error) {
    // Whoever reads the archive says what is wrong with it.
    if (!(error instanceof Docker2vmError) || error.code !== "E_BAD_ARCHIVE") throw error;
  }
  return Buffer.concat(chunks);
}

function kindOf(head: Buffer): ArchiveKind | undefined {
  let isTar = false;
  for (const name of rootNames(head)) {
    isTar = true;
    const known = NAMES.find(([, names]) => names.test(name));
    if (known !== undefined) return known[0];
  }
  return isTar ? "rootfs-tar" : undefined;
}

/** The first part of each member's path, as far as the headers go. */
function* rootNames(head: Buffer): Generator<string> {
  try {
    for (let at = 0; at + BLOCK <= head.length; ) {
      const block = head.subarray(at, at + BLOCK);
      if (isZero(block)) return;
      const { path, typeflag, size } = decodeHeader(block, headerPath(block));
      const [first = ""] = path.split("/").filter((part) => part !== "" && part !== ".");
      // What describes the next member has a name of its own making.
      yield isExtendedHeader(typeflag) ? "" : first;
      at += BLOCK + padded(size);
    }
  } catch (error) {
    if (!(error instanceof TarFault)) throw error;
  }
}
