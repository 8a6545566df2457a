import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { readInto } from "../../disk/read-into.ts";
import { Docker2vmError, isAbsence, systemErrorCode } from "../../errors.ts";
import { CHUNK_SIZE, takeChunk } from "../../memory/chunks.ts";
import { quote } from "../../oci/quote.ts";
import { readRange } from "../file-reading.ts";
import { RootedFiles } from "./rooted-files.ts";
import { NOT_WHOLE, unreadable } from "./store.ts";
import { readTarSplit, type TarFile } from "./tar-split.ts";

/** Bytes of a file below which a turn of the event loop takes longer than reading them. */
const SMALL = 256 << 10;

export interface StoredTar {
  /** The account of the tar. */
  readonly tarSplit: string;
  /** The folder of its files. */
  readonly files: string;
  /** What messages call it. */
  readonly where: string;
}

/**
 * The layer's tar as it was when it came into the storage, put together from its headers and its files: in chunks of at
 * most 1 MiB that are the caller's to keep. Whether it is, only its digest tells. Throws E_BAD_ARCHIVE where a part is
 * missing, E_SIZE_MISMATCH where a file has changed its size, E_IO, and the signal's reason.
 */
export async function* readLayerTar(
  { tarSplit, files, where }: StoredTar,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const account = openAccount(tarSplit, where);
  const out = new Chunks();
  const rooted = new RootedFiles(files);
  try {
    const { size } = fstatSync(account);
    for await (const pieces of readTarSplit(readRange(account, 0, size, tarSplit), tarSplit)) {
      signal?.throwIfAborted();
      for (const piece of pieces) {
        if ("bytes" in piece) yield* out.add(piece.bytes);
        else if (piece.size > 0) yield* readFile(rooted, piece, out, where, signal);
      }
    }
    yield* out.rest();
  } finally {
    closeSync(account);
  }
}

async function* readFile(
  rooted: RootedFiles,
  { name, size }: TarFile,
  out: Chunks,
  where: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const shown = `${where}: ${quote(Buffer.from(name, "latin1").toString("utf8"))}`;
  const file = openFile(rooted, name, shown);
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.size !== size) {
      const has = found.isFile() ? `has ${found.size} bytes` : "is no file";
      throw new Docker2vmError("E_SIZE_MISMATCH", `${shown} ${has}, of ${size} in the layer`, {
        hint: NOT_WHOLE,
      });
    }
    for (let left = size; left > 0; ) {
      signal?.throwIfAborted();
      const room = out.room().subarray(0, left);
      const count =
        size < SMALL
          ? readSync(file, room, 0, room.length, size - left)
          : await readInto(file, room, room.length, size - left);
      if (count === 0) {
        throw new Docker2vmError("E_SIZE_MISMATCH", `${shown} ends ${left} bytes early`, { hint: NOT_WHOLE });
      }
      left -= count;
      yield* out.filled(count);
    }
  } finally {
    closeSync(file);
  }
}

function openAccount(path: string, where: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw isAbsence(error)
      ? missing(`${where}: the account of its tar, ${path},`, error)
      : unreadable(error, path);
  }
}

function openFile(rooted: RootedFiles, name: string, shown: string): number {
  try {
    return rooted.open(name);
  } catch (error) {
    const isGone = isAbsence(error) || systemErrorCode(error) === "ELOOP";
    throw isGone ? missing(shown, error) : unreadable(error, shown);
  }
}

function missing(what: string, cause: unknown): Docker2vmError {
  return new Docker2vmError("E_BAD_ARCHIVE", `${what} is not there`, { hint: NOT_WHOLE, cause });
}

/** Bytes gathered into whole chunks. */
class Chunks {
  #chunk = takeChunk();
  #length = 0;

  /** Where the next bytes belong, at least one. */
  room(): Uint8Array {
    return this.#chunk.subarray(this.#length);
  }

  /** Says how many are there now. */
  *filled(count: number): Generator<Uint8Array> {
    this.#length += count;
    if (this.#length < CHUNK_SIZE) return;
    yield* this.rest();
    this.#chunk = takeChunk();
    this.#length = 0;
  }

  *add(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + CHUNK_SIZE - this.#length);
      this.#chunk.set(piece, this.#length);
      at += piece.length;
      yield* this.filled(piece.length);
    }
  }

  *rest(): Generator<Uint8Array> {
    if (this.#length > 0) yield this.#chunk.subarray(0, this.#length);
  }
}
