import { readSync } from "node:fs";
import { readInto } from "../disk/read-into.ts";
import type { Docker2vmError } from "../errors.ts";
import { CHUNK_SIZE, LITTLE, SMALL_CHUNK_SIZE, takeChunk } from "../memory/chunks.ts";
import { changedError, inputError } from "./system-errors.ts";

/** Bytes from which on a whole chunk is taken, which is used again: fresh memory costs more than reading into it. */
const WORTH_A_CHUNK = CHUNK_SIZE / 8;

/**
 * `size` bytes of an open file from byte `offset` on, in chunks of the reader's own. `where` names the file in messages.
 * Throws E_IO when the file ends before, and the signal's reason when it is aborted.
 */
export async function* readRange(
  fd: number,
  offset: number,
  size: number,
  where: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const end = offset + size;
  const most = size > LITTLE ? CHUNK_SIZE : SMALL_CHUNK_SIZE;
  for (let position = offset; position < end; ) {
    signal?.throwIfAborted();
    const chunk = await readAt(fd, position, Math.min(most, end - position), where);
    if (chunk.length === 0) throw endedEarly(end - position, where);
    position += chunk.length;
    yield chunk;
  }
}

/** The same bytes, while the thread waits. */
export function* readRangeNow(
  fd: number,
  offset: number,
  size: number,
  where: string,
): Generator<Uint8Array> {
  const end = offset + size;
  for (let position = offset; position < end; ) {
    const chunk = readAtNow(fd, position, Math.min(CHUNK_SIZE, end - position), where);
    if (chunk.length === 0) throw endedEarly(end - position, where);
    position += chunk.length;
    yield chunk;
  }
}

/** All the bytes of a file that cannot be read by position (a pipe), in chunks of the reader's own. */
export async function* readSequentially(fd: number, where: string): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = await readAt(fd, null, CHUNK_SIZE, where);
    if (chunk.length === 0) return;
    yield chunk;
  }
}

/** Up to `length` bytes; none only at the end of the file. */
export async function readAt(
  fd: number,
  position: number | null,
  length: number,
  where: string,
): Promise<Uint8Array> {
  const buffer = memoryFor(length);
  try {
    const bytesRead = await readInto(fd, buffer, length, position);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw inputError(error, where);
  }
}

function readAtNow(fd: number, position: number, length: number, where: string): Uint8Array {
  const buffer = memoryFor(length);
  try {
    return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
  } catch (error) {
    throw inputError(error, where);
  }
}

/** A document is kept by whoever reads it, and gets no more than it takes. */
function memoryFor(length: number): Uint8Array {
  if (length < WORTH_A_CHUNK) return takeChunk(length);
  return length > SMALL_CHUNK_SIZE ? takeChunk() : takeChunk(SMALL_CHUNK_SIZE);
}

function endedEarly(missing: number, where: string): Docker2vmError {
  return changedError(where, `ended ${missing} bytes early: it changed`);
}
