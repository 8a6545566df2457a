/** Keeping an archive on disk that cannot be read by position: it is compressed, or comes through a pipe. */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { PieceWriter } from "../disk/piece-writer.ts";
import type { Docker2vmError } from "../errors.ts";
import { abortable } from "../waiting/abortable.ts";
import { decompress, type FileCompression, SNIFFED, sniffCompression } from "./compression.ts";
import { scratchError } from "./system-errors.ts";

export interface SpoolOptions {
  /** An existing folder. What is kept in it has no name, so that nothing is left there. */
  readonly scratchFolder: string;
  /** How the user names another folder, where that one cannot be written to: "TMPDIR names another". */
  readonly scratchElsewhere?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told the bytes kept so far. */
  readonly onSpool?: ((bytes: number) => void) | undefined;
}

export interface SpooledFile {
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
}

/**
 * Writes the input, decompressed, to a file in the scratch folder that has no name any more and so is gone with its
 * handle, even if the process is killed. `where` names the input in messages; `areLent`: its chunks are good only until
 * the next is asked for. Throws as decompress does, E_NO_SPACE and E_IO, and the signal's reason.
 */
export function spool(
  input: AsyncIterable<Uint8Array>,
  where: string,
  options: SpoolOptions,
  areLent = false,
): Promise<SpooledFile> {
  return kept(input, options, async (source) => {
    const { compression, chunks } = await sniff(source);
    // What decompresses asks for the next chunk before it is through with one.
    const own = areLent && compression !== "none" ? copied(chunks) : chunks;
    return decompress(own, compression, where);
  });
}

async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice();
}

/** The same of bytes that are kept as they come. */
export function keep(input: AsyncIterable<Uint8Array>, options: SpoolOptions): Promise<SpooledFile> {
  return kept(input, options, async (source) => source);
}

async function kept(
  input: AsyncIterable<Uint8Array>,
  { scratchFolder, scratchElsewhere, signal, onSpool }: SpoolOptions,
  toKeep: (source: AsyncGenerator<Uint8Array>) => Promise<AsyncIterable<Uint8Array>>,
): Promise<SpooledFile> {
  const failed = (error: unknown): Docker2vmError => scratchError(error, scratchFolder, scratchElsewhere);
  const file = await createNameless(scratchFolder, failed);
  const pieces = new PieceWriter(file.fd);
  const source = abortable(input, signal);
  try {
    let size = 0;
    for await (const chunk of await toKeep(source)) {
      await pieces.add(chunk).catch(failing(failed));
      size += chunk.length;
      onSpool?.(size);
    }
    await pieces.finish().catch(failing(failed));
    return { file, size };
  } catch (error) {
    await pieces.settled();
    await file.close();
    throw error;
  } finally {
    // Not awaited: an input that is stuck would not answer.
    source.return(undefined).catch(() => undefined);
  }
}

type Failed = (error: unknown) => Docker2vmError;

async function createNameless(folder: string, failed: Failed): Promise<FileHandle> {
  const path = join(folder, `archive-${randomUUID()}.tar`);
  try {
    const file = await open(path, "wx+", 0o600);
    await unlink(path);
    return file;
  } catch (error) {
    throw failed(error);
  }
}

function failing(failed: Failed): (error: unknown) => never {
  return (error) => {
    throw failed(error);
  };
}

async function sniff(
  iterator: AsyncGenerator<Uint8Array>,
): Promise<{ compression: FileCompression; chunks: AsyncIterable<Uint8Array> }> {
  let start: Uint8Array = new Uint8Array();
  while (start.length < SNIFFED) {
    const next = await iterator.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  return { compression: sniffCompression(start), chunks: prepend(start, iterator) };
}

async function* prepend(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start;
  yield* rest;
}
