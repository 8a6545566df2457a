import { CHUNK_SIZE, takeChunk } from "../memory/chunks.ts";
import { nextTurn } from "../waiting/turn.ts";
import { readRange } from "./file-reading.ts";

/** A file whose bytes lie one after the other somewhere in another, without its holes. */
export interface SparseRange {
  /** Byte at which the bytes begin. */
  readonly offset: number;
  /** Bytes of the file, holes included. */
  readonly size: number;
  /** Where the bytes belong, ascending. */
  readonly segments: readonly { readonly offset: number; readonly length: number }[];
}

/** The file as it was, holes as zeros; chunks, arguments and errors as those of readRange. */
export async function* readSparse(
  fd: number,
  { offset, size, segments }: SparseRange,
  where: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let stored = offset;
  let done = 0;
  for (const segment of segments) {
    yield* zeros(segment.offset - done, signal);
    yield* readRange(fd, stored, segment.length, where, signal);
    stored += segment.length;
    done = segment.offset + segment.length;
  }
  yield* zeros(size - done, signal);
}

async function* zeros(length: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let left = length; left > 0; ) {
    // Nothing is waited for here, and a hole may be of any size: a signal would not be heard.
    await nextTurn();
    signal?.throwIfAborted();
    const chunk = takeChunk(Math.min(CHUNK_SIZE, left)).fill(0);
    left -= chunk.length;
    yield chunk;
  }
}
