/** What every kind of filesystem has to check of inodes before anything is laid out. */
import { assert } from "../../errors.ts";
import type { DeviceNode, Inode } from "../../tree/inode.ts";
import type { SortedEntries } from "../../tree/sorted-entries.ts";
import { limitError, printable } from "./limit-error.ts";

/** Bytes of a name, as Linux has it (NAME_MAX, include/uapi/linux/limits.h). */
export const NAME_MAX = 255;
/** A symlink's target must leave room for its end in a page (page_get_link, fs/namei.c). */
const MAXIMUM_TARGET = 4095;
/** new_encode_dev (include/linux/kdev_t.h): 12 bits of major, 20 of minor. */
const MAXIMUM_MAJOR = 0xfff;
const MAXIMUM_MINOR = 0xfffff;
const SLASH = 0x2f;
const DOT = 0x2e;

/** Throws E_FILESYSTEM_LIMIT for a symlink target or a device number that `format` has no room for. */
export function checkInode(node: Inode, format: string, path: () => string): void {
  if (node.type === "symlink") checkTarget(node.target, format, path);
  else if (node.type === "char" || node.type === "block") checkDevice(node, format, path);
}

function checkTarget(target: string, format: string, path: () => string): void {
  if (target.length > 0 && target.length <= MAXIMUM_TARGET) return;
  throw limitError(
    path(),
    `a symlink target of ${target.length} bytes; ${format} holds 1 to ${MAXIMUM_TARGET}`,
    "change the symlink in the image",
  );
}

function checkDevice({ major, minor }: DeviceNode, format: string, path: () => string): void {
  if (major <= MAXIMUM_MAJOR && minor <= MAXIMUM_MINOR) return;
  throw limitError(
    path(),
    `device ${major}:${minor}; ${format} holds numbers up to ${MAXIMUM_MAJOR}:${MAXIMUM_MINOR}`,
    "remove the device node from the image",
  );
}

/** Throws E_FILESYSTEM_LIMIT for a name that is too long; `path` is that of the directory. */
export function checkNames(entries: SortedEntries, format: string, path: () => string): void {
  for (let at = 0; at < entries.length; at++) {
    assert(isName(entries, at), "a name that no entry may have");
    const length = entries.nameLength(at);
    if (length <= NAME_MAX) continue;
    throw limitError(
      path(),
      `it has an entry whose name is ${length} bytes long; ${format} holds ${NAME_MAX}: ${printable(entries.name(at))}`,
      "shorten the name in the image",
    );
  }
}

function isName(entries: SortedEntries, at: number): boolean {
  const length = entries.nameLength(at);
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const byte = entries.nameByte(at, i);
    if (byte === 0 || byte === SLASH) return false;
    if (byte === DOT) dots++;
  }
  return length > 2 || dots < length;
}
