/** What the blocks of a filesystem are for. */

import type { BlockUses } from "../../reading/block-use.ts";
import { walk } from "../../reading/walk.ts";
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
  const seen = new Set<number>();
  yield* usesOf(volume, root);
  for (const file of walk(filesystem, root, () => true)) {
    yield;
    if (file === undefined) continue;
    const { number, links, type } = file.inode;
    if (type !== "directory" && links > 1) {
      if (seen.has(number)) continue;
      seen.add(number);
    }
    yield* usesOf(volume, file.inode);
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
