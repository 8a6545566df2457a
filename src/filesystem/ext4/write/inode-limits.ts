/** What ext4 can hold of an inode, checked before anything is laid out. */

import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { normalizeExtents } from "../../../blocks/extents.ts";
import { assert } from "../../../errors.ts";
import type { Extent, RegularFile } from "../../../tree/inode.ts";
import { blocksInOne } from "../../../tree/placed-file.ts";
import { limitError } from "../../kind/limit-error.ts";
import { EXT_INIT_MAX_LEN } from "../format/extent.ts";
import type { PlannedInodes } from "./planned-inode.ts";
import type { Variant } from "./variant.ts";

/** Throws E_FILESYSTEM_LIMIT for an inode with more links than i_links_count may say. */
export function checkLinks(inodes: PlannedInodes, variant: Variant): void {
  const { name: format, linkMax, manyDirectories } = variant;
  for (let index = 0; index < inodes.length; index++) {
    const links = inodes.links(index);
    if (links <= linkMax) continue;
    const path = inodes.pathOf(inodes.parent(index), inodes.name(index));
    if (inodes.node(index)?.type !== "directory") {
      throw limitError(
        path,
        `${links} hard links; ${format} holds ${linkMax}`,
        "make some of the links copies or symlinks in the image",
      );
    }
    if (manyDirectories) continue;
    throw limitError(
      path,
      `${links - DOT_LINKS} subdirectories; ${format} holds ${linkMax - DOT_LINKS}`,
      "ask for ext4, or spread the directories in the image",
    );
  }
}

/** A directory's own "." and its name. */
const DOT_LINKS = 2;

/** A file's extents as ext4 can hold them; undefined if that is as they are. Throws E_FILESYSTEM_LIMIT for a file that is too large. */
export function otherExtents(
  file: RegularFile,
  { name, fileBlocks }: Variant,
  path: () => string,
): readonly Extent[] | undefined {
  const blocks = Math.ceil(file.size / BLOCK_SIZE);
  if (blocks > fileBlocks) {
    throw limitError(
      path(),
      `a file of ${file.size} bytes; ${name} holds ${fileBlocks * BLOCK_SIZE}`,
      "remove or shorten the file in the image",
    );
  }
  // Of a million files nearly all: nothing is made for them.
  if (file.start !== undefined && blocksInOne(file) <= EXT_INIT_MAX_LEN) return undefined;
  const { extents } = file;
  const last = extents.at(-1);
  const end = last === undefined ? 0 : last.logical + last.length;
  assert(end <= blocks, "a file has extents past its end");
  const normal = normalizeExtents(extents, EXT_INIT_MAX_LEN);
  return normal === extents ? undefined : normal;
}
