/** Extended attributes of an inode, with their values. */

import type { Xattr } from "../../../tree/inode.ts";
import { unpaused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { userlandAcl } from "../format/posix-acl.ts";
import { NAME_PREFIXES } from "../format/xattr.ts";
import { broken } from "./broken.ts";
import { readContents } from "./contents.ts";
import { type FileInode, readInode } from "./inode.ts";
import type { Volume } from "./volume.ts";
import { blockXattrs, type DiskXattr, inodeXattrs, isInlineData } from "./xattr-entries.ts";

/** XATTR_SIZE_MAX: the longest value that getxattr(2) shows. */
const MAXIMUM_VALUE = 2 ** 16;

/** The attributes as getxattr(2) would show them to root; what the kernel does not list is left out. */
export function readXattrs(volume: Volume, inode: FileInode): Xattr[] {
  const xattrs: Xattr[] = [];
  for (const entry of [...inodeXattrs(inode), ...blockXattrs(volume, inode)]) {
    const known = NAME_PREFIXES.find(({ index }) => index === entry.index);
    if (known === undefined || isInlineData(entry)) continue;
    const value = xattrValue(volume, entry, inodeName(inode.number));
    if (!known.whole) xattrs.push({ name: known.prefix + entry.name, value });
    else xattrs.push({ name: known.prefix, value: aclOf(value, inode) });
  }
  return xattrs;
}

function aclOf(disk: Uint8Array, inode: FileInode): Uint8Array {
  const value = userlandAcl(disk);
  if (value === undefined)
    throw broken(inodeName(inode.number), "one of its access control lists is malformed");
  return value;
}

/** The bytes of a value, wherever it is. */
function xattrValue(volume: Volume, entry: DiskXattr, where: string): Uint8Array {
  if (entry.valueInode === 0) return entry.inPlace;
  if (entry.size > MAXIMUM_VALUE) throw broken(where, `an attribute's value has ${entry.size} bytes`);
  const holder = readInode(volume, entry.valueInode);
  if (holder.size !== entry.size) {
    throw broken(where, `an attribute's value is in inode ${entry.valueInode}, which has another size`);
  }
  const value = new Uint8Array(entry.size);
  for (const { offset, bytes } of unpaused(readContents(volume, holder))) value.set(bytes, offset);
  return value;
}
