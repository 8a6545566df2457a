/** Where the bytes of a file lie. */

import type { Paused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { NO_BLOCK } from "../format/inode.ts";
import { broken } from "./broken.ts";
import { chunkExtents } from "./chunks.ts";
import { compressedExtents } from "./compressed/extents.ts";
import type { FileExtent } from "./extent.ts";
import type { ErofsInode } from "./inode.ts";
import type { Volume } from "./volume.ts";

/**
 * All extents of an inode with contents, ascending; what lies between them is a hole. Nothing is said of whether they
 * are in the image. Throws E_INVALID_FILESYSTEM for what cannot be, and E_UNSUPPORTED for what this program cannot read.
 */
export function* fileExtents(volume: Volume, inode: ErofsInode): Paused<FileExtent> {
  if (inode.size === 0) return;
  switch (inode.layout) {
    case "FLAT_PLAIN":
    case "FLAT_INLINE":
      yield* flatExtents(volume, inode);
      return;
    case "CHUNK_BASED":
      yield* chunkExtents(volume, inode);
      return;
    case "COMPRESSED_FULL":
    case "COMPRESSED_COMPACT":
      yield* compressedExtents(volume, inode);
  }
}

/** One run of whole blocks; of an inline layout the last block's bytes are behind the inode and its attributes. */
function* flatExtents(volume: Volume, { number, size, layout, union, body }: ErofsInode): Paused<FileExtent> {
  const { blockSize } = volume;
  const isInline = layout === "FLAT_INLINE";
  const blocks = Math.ceil(size / blockSize) - (isInline ? 1 : 0);
  const length = Math.min(blocks * blockSize, size);
  if (blocks > 0) {
    if (union === NO_BLOCK) throw broken(inodeName(number), "it has no block for its contents");
    yield { kind: "stored", offset: 0, length, position: union * blockSize };
  }
  if (!isInline) return;
  const tail = size - length;
  if ((body % blockSize) + tail > blockSize) {
    throw broken(inodeName(number), `its last ${tail} bytes would lie over a block's end`);
  }
  yield { kind: "inline", offset: length, length: tail, position: body };
}
