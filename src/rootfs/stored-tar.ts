/** A tar of files, whole or compressed, in a file, out of a pipe or of the caller's. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";
import { decompress, type InflateChoice } from "../layer/decompress.ts";
import { peek } from "../layer/peek.ts";
import { giveBack } from "../memory/chunks.ts";
import { type ByteStream, chunksOf } from "../source/byte-stream.ts";
import { SNIFFED, sniffCompression } from "../source/compression.ts";
import { readAt, readRange, readSequentially } from "../source/file-reading.ts";
import type { RootfsTarSource } from "../source/source.ts";
import { inputError } from "../source/system-errors.ts";
import { Abandonable } from "../waiting/abandonable.ts";

/** A tar as it is stored, each chunk good until the next. */
export interface StoredTar {
  readonly size: number | undefined;
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Throws E_IMAGE_NOT_FOUND, E_BAD_ARCHIVE for an empty file, E_IO. `name` names those of the caller's in messages. */
export async function openStoredTar(spec: RootfsTarSource, name: string): Promise<StoredTar> {
  return spec.path === undefined ? given(spec.bytes, name) : await openFile(spec.path);
}

export interface Uncompressing {
  readonly signal: AbortSignal;
  readonly inflate: InflateChoice;
  /** What to do about a compression of that name, which this program does not know. */
  readonly howTo: (compression: string) => string;
}

/** Its bytes without compression. Throws E_UNSUPPORTED, E_BAD_COMPRESSION, E_IO and the signal's reason. */
export async function* uncompressedTar(
  stored: StoredTar,
  name: string,
  { signal, inflate, howTo }: Uncompressing,
): AsyncGenerator<Uint8Array> {
  const chunks = stored.read(signal)[Symbol.asyncIterator]();
  try {
    const { head, whole } = await peek(chunks, SNIFFED);
    const compression = sniffCompression(head);
    if (compression !== "none" && compression !== "gzip" && compression !== "zstd") {
      throw new Docker2vmError("E_UNSUPPORTED", `${name}: is compressed with ${compression}`, {
        hint: `decompress it first: ${howTo(compression)}`,
      });
    }
    yield* decompress(whole, compression, inflate, name);
  } finally {
    await chunks.return?.();
  }
}

async function openFile(path: string): Promise<StoredTar> {
  const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
    throw inputError(error, path);
  });
  try {
    const found = await file.stat();
    if (found.isDirectory()) {
      throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${path}: is a folder, not a tar`, {
        hint: `a folder with a root filesystem in it is given as dir:${path}`,
      });
    }
    if (!found.isFile()) return pipe(file, path);
    if (found.size === 0) throw emptyTar(path);
    await refuseFilesystem(file, path);
    return {
      size: found.size,
      read: (signal) => recycled(readRange(file.fd, 0, found.size, path, signal)),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw inputError(error, path);
  }
}

function pipe(file: FileHandle, path: string): StoredTar {
  return {
    size: undefined,
    read: (signal) => new Abandonable(() => recycled(readSequentially(file.fd, path)), signal),
    // Not awaited: after an abort a read of a silent pipe may still hold the handle.
    close: async () => void file.close().catch(() => undefined),
  };
}

function given(bytes: ByteStream, name: string): StoredTar {
  return {
    size: bytes instanceof Uint8Array ? bytes.length : undefined,
    read: (signal) => new Abandonable(() => chunksOf(bytes, name), signal),
    close: async () => undefined,
  };
}

async function* recycled(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    giveBack(chunk);
  }
}

/** Where the magic numbers of filesystems stand: their headers would be read as those of a broken tar. */
async function refuseFilesystem(file: FileHandle, path: string): Promise<void> {
  const head = Buffer.from(await readAt(file.fd, 0, 2048, path));
  const isFilesystem =
    head.toString("latin1", 0, 4) === "XFSB" ||
    (head.length >= 1082 && head.readUInt16LE(1080) === 0xef53) ||
    (head.length >= 1028 && head.readUInt32LE(1024) === 0xe0f5e1e2);
  if (!isFilesystem) return;
  throw new Docker2vmError("E_BAD_ARCHIVE", `${path}: is the image of a filesystem, not a tar`, {
    hint: `give it as image:${path}`,
  });
}

export function emptyTar(name: string): Docker2vmError {
  return new Docker2vmError("E_BAD_ARCHIVE", `${name}: is empty`, {
    hint: "did what was to write it fail? docker export CONTAINER writes a tar of its files",
  });
}
