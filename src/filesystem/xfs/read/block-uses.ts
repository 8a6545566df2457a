/** What the blocks of a filesystem are for. */

import type { BlockUses } from "../../reading/block-use.ts";
import { inodesBelow } from "../../reading/walk-once.ts";
import type { XfsFilesystem } from "./filesystem.ts";
import { freeRuns } from "./free-space.ts";
import type { XfsInode } from "./inode.ts";
import { mappedRuns } from "./mapping.ts";
import type { Volume } from "./volume.ts";

export function* blockUses(filesystem: XfsFilesystem): BlockUses {
  const { volume, root } = filesystem;
  const { fields } = volume.superblock;
  for (let group = 0; group < fields.sb_agcount; group++)
    for (const run of freeRuns(volume, group)) yield run && { ...run, use: "free" };
  if (fields.sb_logstart > 0) {
    const start = volume.position(fields.sb_logstart, fields.sb_logblocks, "log") / volume.blockSize;
    yield { start, length: fields.sb_logblocks, use: "journal" };
  }
  yield* usesOf(volume, root);
  for (const inode of inodesBelow(filesystem, root)) {
    yield;
    if (inode !== undefined) yield* usesOf(volume, inode);
  }
}

function* usesOf(volume: Volume, inode: XfsInode): BlockUses {
  const { type, data, number } = inode;
  if (!["file", "directory", "symlink"].includes(type) || !["extents", "btree"].includes(data.format)) return;
  const use = type === "directory" ? "directories" : "contents";
  for (const run of mappedRuns(volume, inode, data)) {
    yield run && {
      start: volume.position(run.physical, run.length, `inode ${number}`) / volume.blockSize,
      length: run.length,
      use,
    };
  }
}
