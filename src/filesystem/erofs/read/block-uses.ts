/** What the blocks of a filesystem are for: none is free, and there is no journal. */

import type { BlockUses } from "../../reading/block-use.ts";
import { inodesBelow } from "../../reading/walk-once.ts";
import type { FileExtent } from "./extent.ts";
import { fileExtents } from "./extents.ts";
import type { ErofsFilesystem } from "./filesystem.ts";
import { type ErofsInode, readInode } from "./inode.ts";
import type { Volume } from "./volume.ts";

export function* blockUses(filesystem: ErofsFilesystem): BlockUses {
  const { volume, root } = filesystem;
  const { packed_nid } = volume.superblock.fields;
  if (volume.has("fragments") && packed_nid > 0) yield* usesOf(volume, readInode(volume, packed_nid));
  yield* usesOf(volume, root);
  for (const inode of inodesBelow(filesystem, root)) {
    yield;
    if (inode !== undefined) yield* usesOf(volume, inode);
  }
}

function* usesOf(volume: Volume, inode: ErofsInode): BlockUses {
  if (inode.type !== "file" && inode.type !== "directory") return;
  const use = inode.type === "directory" ? "directories" : "contents";
  for (const extent of fileExtents(volume, inode)) {
    const bytes = extent === undefined ? 0 : wholeBlockBytes(extent);
    if (extent === undefined || extent.kind === "fragment" || bytes === 0) {
      yield;
      continue;
    }
    const start = Math.floor(extent.position / volume.blockSize);
    const end = Math.ceil((extent.position + bytes) / volume.blockSize);
    yield { start, length: end - start, use };
  }
}

/** What lies in blocks of its own; 0 for what is among metadata. */
function wholeBlockBytes(extent: FileExtent): number {
  if (extent.kind === "stored") return extent.length;
  return extent.kind === "compressed" && !extent.isInline ? extent.size : 0;
}
