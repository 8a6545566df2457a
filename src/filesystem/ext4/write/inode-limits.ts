/** What ext4 can hold of an inode, checked before anything is laid out. */

import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { normalizeExtents } from "../../../blocks/extents.ts";
import { assert } from "../../../errors.ts";
import type { DeviceNode, Extent, Inode, RegularFile } from "../../../tree/inode.ts";
import { limitError, printable } from "../../kind/limit-error.ts";
import { EXT4_NAME_LEN } from "../format/directory.ts";
import { EXT_INIT_MAX_LEN } from "../format/extent.ts";
import { type PlannedInode, pathOf } from "./planned-inode.ts";
import type { Variant } from "./variant.ts";

/** A symlink's target must leave room for its end in one block (ext4_symlink, fs/ext4/namei.c). */
const MAXIMUM_TARGET = BLOCK_SIZE - 1;
/** new_encode_dev (include/linux/kdev_t.h): 12 bits of major, 20 of minor. */
const MAXIMUM_MAJOR = 0xfff;
const MAXIMUM_MINOR = 0xfffff;

/** Throws E_FILESYSTEM_LIMIT for a symlink target or a device number that ext4 has no room for. */
export function checkInode(node: Inode, path: () => string): void {
  if (node.type === "symlink") checkTarget(node.target, path);
  else if (node.type === "char" || node.type === "block") checkDevice(node, path);
}

function checkTarget(target: string, path: () => string): void {
  if (target.length > 0 && target.length <= MAXIMUM_TARGET) return;
  throw limitError(
    path(),
    `a symlink target of ${target.length} bytes; ext4 holds 1 to ${MAXIMUM_TARGET}`,
    "change the symlink in the image",
  );
}

function checkDevice({ major, minor }: DeviceNode, path: () => string): void {
  if (major <= MAXIMUM_MAJOR && minor <= MAXIMUM_MINOR) return;
  throw limitError(
    path(),
    `device ${major}:${minor}; ext4 holds numbers up to ${MAXIMUM_MAJOR}:${MAXIMUM_MINOR}`,
    "remove the device node from the image",
  );
}

/** Throws E_FILESYSTEM_LIMIT for a name that is too long; `path` is that of its directory. */
export function checkName(name: string, path: () => string): void {
  assert(isName(name), "a name that no entry may have");
  if (name.length <= EXT4_NAME_LEN) return;
  throw limitError(
    path(),
    `it has an entry whose name is ${name.length} bytes long; ext4 holds ${EXT4_NAME_LEN}: ${printable(name)}`,
    "shorten the name in the image",
  );
}

function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0");
}

/** Throws E_FILESYSTEM_LIMIT for an inode with more links than i_links_count may say. */
export function checkLinks(inodes: readonly PlannedInode[], variant: Variant): void {
  const { name: format, linkMax, manyDirectories } = variant;
  for (const { node, links, parent, name } of inodes) {
    if (links <= linkMax) continue;
    if (node.type !== "directory") {
      throw limitError(
        pathOf(inodes, parent, name),
        `${links} hard links; ${format} holds ${linkMax}`,
        "make some of the links copies or symlinks in the image",
      );
    }
    if (manyDirectories) continue;
    throw limitError(
      pathOf(inodes, parent, name),
      `${links - DOT_LINKS} subdirectories; ${format} holds ${linkMax - DOT_LINKS}`,
      "ask for ext4, or spread the directories in the image",
    );
  }
}

/** A directory's own "." and its name. */
const DOT_LINKS = 2;

/** A file's extents as they are kept. Throws E_FILESYSTEM_LIMIT for a file that is too large. */
export function fileExtents(
  file: RegularFile,
  { name, fileBlocks }: Variant,
  path: () => string,
): readonly Extent[] {
  const blocks = Math.ceil(file.size / BLOCK_SIZE);
  if (blocks > fileBlocks) {
    throw limitError(
      path(),
      `a file of ${file.size} bytes; ${name} holds ${fileBlocks * BLOCK_SIZE}`,
      "remove or shorten the file in the image",
    );
  }
  const last = file.extents.at(-1);
  const end = last === undefined ? 0 : last.logical + last.length;
  assert(end <= blocks, "a file has extents past its end");
  return normalizeExtents(file.extents, EXT_INIT_MAX_LEN);
}
