/** Extended attributes as ext4 names them: an index for the prefix, then the rest of the name. */
import type { Xattr } from "../../../tree/inode.ts";
import { limitError, printable } from "../../kind/limit-error.ts";
import { ACL_WITHOUT_ENTRIES, diskAcl } from "../format/posix-acl.ts";
import { NAME_PREFIXES, XATTR_SIZE_MAX } from "../format/xattr.ts";

const MAXIMUM_NAME = 255;

/** An attribute in ext4's terms. */
export interface XattrEntry {
  readonly index: number;
  /** What follows the prefix. */
  readonly name: string;
  readonly value: Uint8Array;
}

/**
 * The attributes as ext4 keeps them, in the order in which the kernel searches a block. Throws E_FILESYSTEM_LIMIT for
 * what ext4 has no name for and for a malformed ACL.
 */
export function xattrEntries(xattrs: readonly Xattr[], path: () => string): XattrEntry[] {
  return xattrs.flatMap((xattr) => diskEntry(xattr, path)).sort(compareEntries);
}

function diskEntry(xattr: Xattr, path: () => string): XattrEntry[] {
  const known = NAME_PREFIXES.find(({ prefix, whole }) =>
    whole ? xattr.name === prefix : xattr.name.startsWith(prefix) && xattr.name.length > prefix.length,
  );
  if (known === undefined) {
    throw xattrError(path, xattr, "is of no kind that ext4 has", "remove the attribute from the image");
  }
  if (!known.whole) {
    const name = xattr.name.slice(known.prefix.length);
    if (name.length > MAXIMUM_NAME) {
      throw xattrError(path, xattr, "has too long a name", "rename the attribute in the image");
    }
    if (xattr.value.length > XATTR_SIZE_MAX) {
      const problem = `has a value of ${xattr.value.length} bytes; Linux takes ${XATTR_SIZE_MAX}`;
      throw xattrError(path, xattr, problem, "remove or shorten the attribute in the image");
    }
    return [{ index: known.index, name, value: xattr.value }];
  }
  const value = diskAcl(xattr.value);
  if (value === undefined) {
    throw xattrError(path, xattr, "is not a POSIX ACL of version 2", "remove the attribute from the image");
  }
  // As setxattr(2) does with an ACL that says nothing.
  if (value.length === ACL_WITHOUT_ENTRIES) return [];
  return [{ index: known.index, name: "", value }];
}

function xattrError(path: () => string, xattr: Xattr, problem: string, hint: string): Error {
  return limitError(path(), `the extended attribute ${printable(xattr.name)} ${problem}`, hint);
}

/** The order that the kernel searches a block in: by index, then by length of the name, then by the name. */
function compareEntries(a: XattrEntry, b: XattrEntry): number {
  if (a.index !== b.index) return a.index - b.index;
  if (a.name.length !== b.name.length) return a.name.length - b.name.length;
  return a.name < b.name ? -1 : 1;
}
