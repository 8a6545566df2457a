/** The bytes of files. */

import type { Paused } from "../../../waiting/steps.ts";
import { inodeName, type Piece } from "../../reading/filesystem.ts";
import { fileExtents } from "./extents.ts";
import type { ErofsInode } from "./inode.ts";
import { packedBytes } from "./packed.ts";
import { MAXIMUM_PIECE, storedPieces } from "./pieces.ts";
import type { Volume } from "./volume.ts";

/**
 * What an inode with contents holds, in ascending pieces of up to 1 MiB; what lies between them is a hole and reads as
 * zeros. Throws E_INVALID_FILESYSTEM if it is broken, and E_UNSUPPORTED for what this program cannot read.
 */
export function* readContents(volume: Volume, inode: ErofsInode): Paused<Piece> {
  const where = inodeName(inode.number);
  for (const extent of fileExtents(volume, inode)) {
    yield;
    if (extent === undefined) continue;
    if (extent.kind !== "fragment") {
      yield* storedPieces(volume, extent, where);
      continue;
    }
    for (let at = 0; at < extent.length; at += MAXIMUM_PIECE) {
      const length = Math.min(MAXIMUM_PIECE, extent.length - at);
      yield { offset: extent.offset + at, bytes: yield* packedBytes(volume, extent.at + at, length) };
    }
  }
}
