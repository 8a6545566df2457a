/** Extended attributes of an inode by their full names. */

import type { Xattr } from "../../../tree/inode.ts";
import { EROFS_XATTR_LONG_PREFIX, NAME_PREFIXES } from "../format/xattr.ts";
import type { ErofsInode } from "./inode.ts";
import { longPrefixes } from "./long-prefixes.ts";
import type { Volume } from "./volume.ts";
import { type DiskXattr, xattrEntries } from "./xattr-entries.ts";

/** The attributes as getxattr(2) would show them to root; what the kernel does not list is left out. */
export function readXattrs(volume: Volume, inode: ErofsInode): Xattr[] {
  const xattrs = new Map<string, Xattr>();
  for (const entry of xattrEntries(volume, inode)) {
    const name = fullName(volume, entry);
    // Of one name the kernel finds the first.
    if (name !== undefined && !xattrs.has(name)) xattrs.set(name, { name, value: entry.value });
  }
  return [...xattrs.values()];
}

/** Undefined for a prefix that is none. */
export function fullName(volume: Volume, { index, name }: DiskXattr): string | undefined {
  if ((index & EROFS_XATTR_LONG_PREFIX) !== 0) {
    const prefix = longPrefixes(volume)[index & ~EROFS_XATTR_LONG_PREFIX];
    return prefix === undefined ? undefined : prefix + name;
  }
  const known = NAME_PREFIXES.find((each) => each.index === index);
  if (known === undefined) return undefined;
  return known.whole ? known.prefix : known.prefix + name;
}
