import implementation from "crc-32/crc32c.js";

/**
 * The register of a CRC-32C (Castagnoli) after `bytes`, from what it was before: nothing is inverted, neither on the way
 * in nor out. The usual form inverts it on both ends, so the inversions around that form cancel out.
 */
export function crc32cRegister(running: number, bytes: Uint8Array): number {
  return ~implementation.buf(bytes, ~running) >>> 0;
}

/** The usual CRC-32C of `bytes`: the register begins as all ones and is inverted at the end. */
export function crc32c(bytes: Uint8Array): number {
  return implementation.buf(bytes) >>> 0;
}
