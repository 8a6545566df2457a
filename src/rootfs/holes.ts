/** How much of a file is more than zeros, for filesystems that lay out sparse files in their own way. */
import type { Steps } from "../waiting/steps.ts";

/** Zeros are told by blocks of these: a hole counts as what it reads as. */
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);
/** Fewer bytes of holes are none: how a disk rounds what it has allocated must make no difference. */
const FEW_HOLES = 1 << 20;

interface Piece {
  readonly bytes: Uint8Array;
}

/**
 * Bytes of the file's blocks that are not all zero; its size where there are few others, or `allocated`, the bytes of its
 * blocks on the disk, says that there cannot be many. `read` has the file's contents, from borders of blocks on.
 */
export function* countData(
  size: number,
  allocated: number,
  read: () => Iterable<Piece | undefined>,
): Steps<number> {
  if (allocated + FEW_HOLES >= size) return size;
  let data = 0;
  for (const piece of read()) {
    yield;
    if (piece === undefined) continue;
    for (let at = 0; at < piece.bytes.length; at += BLOCK) {
      const block = piece.bytes.subarray(at, at + BLOCK);
      if (ZEROS.compare(block, 0, block.length, 0, block.length) !== 0) data += block.length;
    }
  }
  return data + FEW_HOLES >= size ? size : data;
}
