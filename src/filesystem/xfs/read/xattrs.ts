/** Extended attributes of an inode by their full names. */

import type { Xattr } from "../../../tree/inode.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { ACL_NAMES, ATTR_FLAG, NAME_PREFIXES } from "../format/attribute.ts";
import { userlandAcl } from "../format/posix-acl.ts";
import { broken } from "./broken.ts";
import type { XfsInode } from "./inode.ts";
import type { Volume } from "./volume.ts";
import { type DiskXattr, xattrEntries } from "./xattr-entries.ts";

/** Names of parents, kept as attributes, and attributes that were never finished (XFS_ATTR_PARENT, _INCOMPLETE). */
const NOT_SHOWN = 0x8 | 0x80;

/**
 * The attributes as getxattr(2) would show them to root; access control lists by their own names alone, and not, as the
 * kernel shows them a second time, by those that they are kept under.
 */
export function readXattrs(volume: Volume, inode: XfsInode): Xattr[] {
  return xattrEntries(volume, inode).flatMap((entry) => {
    const acl = aclName(entry);
    if (acl === undefined) return named(entry);
    const value = userlandAcl(entry.value);
    if (value === undefined) {
      throw broken(inodeName(inode.number), "one of its access control lists is malformed");
    }
    return { name: acl, value };
  });
}

function aclName({ flags, name }: DiskXattr): string | undefined {
  if ((flags & ATTR_FLAG.trusted) === 0) return undefined;
  return ACL_NAMES.find(({ kept }) => kept === name)?.name;
}

function named({ flags, name, value }: DiskXattr): Xattr[] {
  if ((flags & NOT_SHOWN) !== 0) return [];
  const ofPrefix = flags & (ATTR_FLAG.trusted | ATTR_FLAG.security);
  const known = NAME_PREFIXES.find((each) => each.flags === ofPrefix);
  return known === undefined ? [] : [{ name: known.prefix + name, value }];
}
