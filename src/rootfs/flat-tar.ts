/** A root filesystem in one tar: what `docker export`, mmdebstrap and the makers of minimal root filesystems write. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";
import { decompress } from "../layer/decompress.ts";
import { tarParts } from "../layer/tar/entries.ts";
import { giveBack } from "../memory/chunks.ts";
import { SNIFFED, sniffCompression } from "../source/compression.ts";
import { readAt, readRange, readSequentially } from "../source/file-reading.ts";
import type { RootfsTarSource, SourceOrigin } from "../source/source.ts";
import { inputError } from "../source/system-errors.ts";
import type { EntryPart } from "../tree/entry.ts";
import { abortable } from "../waiting/abortable.ts";
import type { ReadOptions, RootFilesystem } from "./root-filesystem.ts";

/** The stored bytes: as they come, each chunk good until the next. */
interface Stored {
  readonly size: number | undefined;
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Throws E_IMAGE_NOT_FOUND, E_BAD_ARCHIVE for an empty file, E_IO. */
export async function openFlatTar(spec: RootfsTarSource, origin: SourceOrigin): Promise<RootFilesystem> {
  const name = spec.path ?? spec.name ?? "the tar";
  const stored = spec.path === undefined ? given(spec.bytes, name) : await openFile(spec.path);
  return {
    origin,
    name,
    size: stored.size,
    warnings: [],
    read: (options) => entries(stored, name, options),
    check: (names) => checkRoot([...names], name),
    close: () => stored.close(),
  };
}

async function openFile(path: string): Promise<Stored> {
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
    if (found.size === 0) throw empty(path);
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

function pipe(file: FileHandle, path: string): Stored {
  return {
    size: undefined,
    read: (signal) => abortable(recycled(readSequentially(file.fd, path)), signal),
    // Not awaited: after an abort a read of a silent pipe may still hold the handle.
    close: async () => void file.close().catch(() => undefined),
  };
}

function given(bytes: Uint8Array | AsyncIterable<Uint8Array>, name: string): Stored {
  const isWhole = bytes instanceof Uint8Array;
  return {
    size: isWhole ? bytes.length : undefined,
    read: (signal) => abortable(isWhole ? pieces(bytes) : translated(bytes, name), signal),
    close: async () => undefined,
  };
}

const PIECE = 1 << 20;

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

async function* translated(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw inputError(error, name);
  }
}

async function* recycled(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    giveBack(chunk);
  }
}

async function* entries(
  stored: Stored,
  name: string,
  { signal, inflate, attributes, onWarning, onBytes }: ReadOptions,
): AsyncGenerator<readonly EntryPart[]> {
  const { head, whole } = await peek(stored.read(signal));
  const compression = sniffCompression(head);
  if (compression !== "none" && compression !== "gzip" && compression !== "zstd") {
    throw new Docker2vmError("E_UNSUPPORTED", `${name}: is compressed with ${compression}`, {
      hint: `decompress it first: ${compression} -dc ${name} | docker2vm convert rootfs-tar:-`,
    });
  }
  const tar = heard(decompress(whole, compression, inflate, name), onBytes);
  let found = false;
  try {
    for await (const parts of tarParts(tar, { layer: name, onWarning, attributes })) {
      found = true;
      yield parts;
    }
  } catch (error) {
    throw found ? ofTar(error) : hinted(error);
  }
  if (!found) throw empty(name);
}

/** What is no tar from its first byte on is something else. */
function hinted(error: unknown): unknown {
  if (!(error instanceof Docker2vmError) || error.code !== "E_BAD_LAYER") return ofTar(error);
  return new Docker2vmError("E_BAD_ARCHIVE", error.message, {
    hint: "is it a tar? the image of a filesystem is given as image:FILE, an image as docker save writes it as docker-archive:FILE",
    cause: error,
  });
}

/** What is wrong with a layer is mended by other means than what is wrong with this tar. */
function ofTar(error: unknown): unknown {
  const isOfLayers =
    error instanceof Docker2vmError && (error.code === "E_BAD_LAYER" || error.code === "E_BAD_COMPRESSION");
  if (!isOfLayers) return error;
  return new Docker2vmError(error.code, error.message, {
    hint: "the tar was written wrongly or is damaged: write it again, or copy it again",
    cause: error,
  });
}

async function* heard(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** The first bytes, and all chunks with them. */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; whole: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < SNIFFED) {
    const next = await iterator.next();
    if (next.done === true) break;
    // Copied, if it is not enough: its memory is used again.
    first.push(next.value.length < SNIFFED ? next.value.slice() : next.value);
    length += next.value.length;
  }
  const [only] = first;
  const head = first.length === 1 && only !== undefined ? only : Buffer.concat(first);
  return { head: head.subarray(0, SNIFFED), whole: following(head, iterator) };
}

async function* following(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
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

function empty(name: string): Docker2vmError {
  return new Docker2vmError("E_BAD_ARCHIVE", `${name}: is empty`, {
    hint: "did what was to write it fail? docker export CONTAINER writes a tar of its files",
  });
}

/** What stands in an archive of an image beside what is called after a digest. */
const DOCKER_NAMES =
  /^(?:manifest\.json|repositories|oci-layout|index\.json|blobs|[0-9a-f]{64}(?:\.json|\.tar)?)$/;

/** An archive with an image in it is a tar as well. Throws E_UNSUPPORTED for one. */
function checkRoot(names: readonly string[], name: string): void {
  const isLayout = names.includes("oci-layout") && names.includes("index.json");
  if (!(isLayout || names.includes("manifest.json"))) return;
  if (!names.every((each) => DOCKER_NAMES.test(each))) return;
  throw new Docker2vmError("E_UNSUPPORTED", `${name}: holds an image in layers, not its files`, {
    hint: `give it as ${isLayout ? "oci-archive" : "docker-archive"}:FILE`,
  });
}
