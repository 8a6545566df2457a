import { BLOCK_SIZE } from "./blocks.ts";

const ZERO_BLOCK = Buffer.alloc(BLOCK_SIZE);

/**
 * Whether a whole block of zeros is at byte `at`. Data is seldom zero at both ends of a block, so most blocks are told by
 * two bytes.
 */
export function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0 || bytes[at + BLOCK_SIZE - 1] !== 0) return false;
  return ZERO_BLOCK.equals(bytes.subarray(at, at + BLOCK_SIZE));
}
