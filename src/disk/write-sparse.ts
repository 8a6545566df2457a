import { writeSync } from "node:fs";

/** What a filesystem gives room by. */
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

/**
 * Writes what is not zero of bytes whose place in an open file reads as zeros so far, and which nobody else writes to:
 * whole blocks of zeros stay holes. Throws the system's errors.
 */
export function writeSparse(fd: number, position: number, bytes: Uint8Array): void {
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + BLOCK - ((position + at) % BLOCK), bytes.length);
    if (isZero(bytes.subarray(at, end))) {
      writeAll(fd, position + from, bytes.subarray(from, at));
      from = end;
    }
    at = end;
  }
  writeAll(fd, position + from, bytes.subarray(from));
}

function isZero(block: Uint8Array): boolean {
  return block[0] === 0 && Buffer.compare(block, ZEROS.subarray(0, block.length)) === 0;
}

function writeAll(fd: number, position: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
