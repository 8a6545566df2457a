import { writeSync } from "node:fs";

/** What a filesystem gives room by. */
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

/**
 * Writes what is not zero of bytes whose place in an open file reads as zeros so far, and which nobody else writes to:
 * whole blocks of zeros stay holes. Throws the system's errors.
 */
export function writeSparse(fd: number, position: number, bytes: Uint8Array): void {
  for (const [from, to] of dataRuns(position, bytes)) writeAll(fd, position + from, bytes.subarray(from, to));
}

/** Where bytes lie, in a file from `position` on, that are no whole blocks of zeros: from one to another, ascending. */
export function* dataRuns(
  position: number,
  bytes: Uint8Array,
): Generator<readonly [from: number, to: number]> {
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + BLOCK - ((position + at) % BLOCK), bytes.length);
    if (isZero(bytes.subarray(at, end))) {
      if (from < at) yield [from, at];
      from = end;
    }
    at = end;
  }
  if (from < bytes.length) yield [from, bytes.length];
}

function isZero(block: Uint8Array): boolean {
  return block[0] === 0 && Buffer.compare(block, ZEROS.subarray(0, block.length)) === 0;
}

/** Throws the system's errors. */
export function writeAll(fd: number, position: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
