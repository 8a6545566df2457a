/** The bytes of files. */

import type { Paused } from "../../../waiting/steps.ts";
import { inodeName, type Piece } from "../../reading/filesystem.ts";
import { XFS_DIFLAG_REALTIME } from "../format/inode-counters.ts";
import { unsupported } from "./features.ts";
import type { XfsInode } from "./inode.ts";
import { mappedRuns } from "./mapping.ts";
import type { Volume } from "./volume.ts";

const MAXIMUM_PIECE = 2 ** 20;

/**
 * What a file holds, in ascending pieces of up to 1 MiB; what lies between them is a hole, or was never written, and
 * reads as zeros. Throws E_INVALID_FILESYSTEM if it is broken, and E_UNSUPPORTED for a file on a realtime device.
 */
export function* readContents(volume: Volume, inode: XfsInode): Paused<Piece> {
  const where = inodeName(inode.number);
  if ((inode.fields.di_flags & XFS_DIFLAG_REALTIME) !== 0)
    throw unsupported(`${where} is on a realtime device`);
  const { blockSize } = volume;
  for (const run of mappedRuns(volume, inode, inode.data)) {
    yield;
    if (run === undefined || run.isUnwritten) continue;
    const begin = run.logical * blockSize;
    if (begin >= inode.size) return;
    const position = volume.position(run.physical, run.length, where);
    const length = Math.min(run.length * blockSize, inode.size - begin);
    for (let at = 0; at < length; at += MAXIMUM_PIECE) {
      const part = Math.min(MAXIMUM_PIECE, length - at);
      yield { offset: begin + at, bytes: volume.image.read(position + at, part) };
    }
  }
}
