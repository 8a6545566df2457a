/** The bytes of files. */

import { Docker2vmError } from "../../../errors.ts";
import type { Paused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { I_BLOCK_SIZE } from "../format/inode.ts";
import { broken } from "./broken.ts";
import { type FileInode, hasFlag } from "./inode.ts";
import { mappedRuns, maximumSize } from "./mapping.ts";
import type { Volume } from "./volume.ts";
import { inlineDataRest } from "./xattr-entries.ts";

/** Bytes of a file from byte `offset` on. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const MAXIMUM_PIECE = 2 ** 20;

/**
 * What an inode with contents holds, in ascending pieces of up to 1 MiB; what lies between them is a hole and reads as
 * zeros. Throws E_UNSUPPORTED if it is encrypted and E_INVALID_FILESYSTEM if it is broken, or larger than any mapping
 * reaches.
 */
export function* readContents(volume: Volume, inode: FileInode): Paused<Piece> {
  refuseEncrypted(inode);
  if (hasFlag(inode, "inline")) {
    const bytes = inlineContents(inode);
    if (bytes.length > 0) yield { offset: 0, bytes };
    return;
  }
  const { blockSize } = volume.superblock;
  if (inode.size > maximumSize(volume, inode)) {
    throw broken(inodeName(inode.number), `its size is ${inode.size}, more than its mapping reaches`);
  }
  for (const run of mappedRuns(volume, inode, { end: Math.ceil(inode.size / blockSize) })) {
    if (run === undefined || run.unwritten) {
      yield;
      continue;
    }
    const end = Math.min((run.logical + run.length) * blockSize, inode.size);
    const shift = (run.physical - run.logical) * blockSize;
    for (let offset = run.logical * blockSize; offset < end; offset += MAXIMUM_PIECE) {
      const length = Math.min(MAXIMUM_PIECE, end - offset);
      const bytes = volume.image.read(offset + shift, length);
      if (bytes.length < length) throw broken(inodeName(inode.number), "its contents are cut short");
      yield { offset, bytes };
    }
  }
}

/** Everything that the inode's own bytes hold of its contents: `size` bytes. */
export function inlineContents(inode: FileInode): Uint8Array {
  const rest = inlineDataRest(inode) ?? new Uint8Array();
  if (inode.size > I_BLOCK_SIZE + rest.length) {
    throw broken(inodeName(inode.number), `says ${inode.size} bytes, but holds fewer in itself`);
  }
  const bytes = new Uint8Array(I_BLOCK_SIZE + rest.length);
  bytes.set(inode.fields.i_block);
  bytes.set(rest, I_BLOCK_SIZE);
  return bytes.subarray(0, inode.size);
}

export function refuseEncrypted(inode: FileInode): void {
  if (!hasFlag(inode, "encrypted")) return;
  throw new Docker2vmError("E_UNSUPPORTED", `${inodeName(inode.number)} is encrypted; it cannot be read`, {
    hint: "mount the image with the kernel and its key",
  });
}
