/** What XFS can hold of an inode, checked before anything is laid out. */
import { BLOCK_SIZE, type Extent } from "../../../blocks/blocks.ts";
import { normalizeExtents } from "../../../blocks/extents.ts";
import { assert } from "../../../errors.ts";
import type { DeviceNode, Inode, RegularFile } from "../../../tree/inode.ts";
import { blocksInOne } from "../../../tree/placed-file.ts";
import { limitError } from "../../kind/limit-error.ts";
import { LARGEST_EXTENT } from "../format/bmbt.ts";
import { LARGEST_MAJOR, LARGEST_MINOR } from "../format/inode.ts";
import { LONGEST_TARGET } from "../format/symlink.ts";

/** Throws E_FILESYSTEM_LIMIT for a symlink target or a device number that XFS has no room for. */
export function checkInode(node: Inode, path: () => string): void {
  if (node.type === "symlink") checkTarget(node.target, path);
  else if (node.type === "char" || node.type === "block") checkDevice(node, path);
}

function checkTarget(target: string, path: () => string): void {
  if (target.length > 0 && target.length <= LONGEST_TARGET) return;
  throw limitError(
    path(),
    `a symlink target of ${target.length} bytes; xfs holds 1 to ${LONGEST_TARGET}`,
    target.length === 0
      ? "change the symlink in the image"
      : "change the symlink in the image, or ask for ext4",
  );
}

function checkDevice({ major, minor }: DeviceNode, path: () => string): void {
  if (major <= LARGEST_MAJOR && minor <= LARGEST_MINOR) return;
  throw limitError(
    path(),
    `device ${major}:${minor}; xfs holds numbers up to ${LARGEST_MAJOR}:${LARGEST_MINOR}`,
    "remove the device node from the image",
  );
}

/** A file's extents as XFS can hold them; undefined if that is as they are. */
export function otherExtents(file: RegularFile): readonly Extent[] | undefined {
  // Of a million files nearly all: nothing is made for them.
  if (file.start !== undefined && blocksInOne(file) <= LARGEST_EXTENT) return undefined;
  const { size, extents } = file;
  const last = extents.at(-1);
  const end = last === undefined ? 0 : last.logical + last.length;
  assert(end <= Math.ceil(size / BLOCK_SIZE), "a file has extents past its end");
  const normal = normalizeExtents(extents, LARGEST_EXTENT);
  return normal === extents ? undefined : normal;
}
