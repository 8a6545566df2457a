/** The bytes of an extent that lies in the image itself. */

import type { Paused } from "../../../waiting/steps.ts";
import type { Piece } from "../../reading/filesystem.ts";
import { decompressed } from "./compressed/decompress.ts";
import type { FileExtent, Fragment } from "./extent.ts";
import type { Volume } from "./volume.ts";

export const MAXIMUM_PIECE = 2 ** 20;

/** In ascending pieces of up to 1 MiB. Throws E_INVALID_FILESYSTEM, naming `where`, for what cannot be read. */
export function* storedPieces(
  volume: Volume,
  extent: Exclude<FileExtent, Fragment>,
  where: string,
): Paused<Piece> {
  const { offset, length } = extent;
  if (extent.kind === "compressed") {
    const bytes = decompressed(volume, extent, where);
    for (let at = 0; at < length; at += MAXIMUM_PIECE) {
      yield { offset: offset + at, bytes: bytes.subarray(at, at + MAXIMUM_PIECE) };
    }
    return;
  }
  volume.checkRange(extent.position, length, where);
  for (let at = 0; at < length; at += MAXIMUM_PIECE) {
    const part = Math.min(MAXIMUM_PIECE, length - at);
    yield { offset: offset + at, bytes: volume.image.read(extent.position + at, part) };
  }
}
