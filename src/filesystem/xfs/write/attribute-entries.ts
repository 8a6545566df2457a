/** Attributes as XFS keeps them. */
import type { Xattr } from "../../../tree/inode.ts";
import { limitError, printable } from "../../kind/limit-error.ts";
import { ACL_NAMES, ATTR_FLAG, NAME_PREFIXES, XATTR_SIZE_MAX } from "../format/attribute.ts";
import { ACL_MAX_ENTRIES, aclEntries, diskAcl } from "../format/posix-acl.ts";

/** An attribute with its name as XFS keeps it, one character a byte. */
export interface AttributeEntry {
  readonly flags: number;
  readonly name: string;
  readonly value: Uint8Array;
}

const LONGEST_NAME = 255;

/**
 * Throws E_FILESYSTEM_LIMIT, naming the path, for what XFS has no name or no room for. Whoever packed files on XFS may
 * have found its access control lists twice, by their own names too: then that is left out.
 */
export function attributeEntries(xattrs: readonly Xattr[], path: () => string): readonly AttributeEntry[] {
  const entries = new Map<string, AttributeEntry>();
  for (const xattr of xattrs) {
    const entry = entryOf(xattr, path);
    if (entry === undefined) continue;
    const key = `${entry.flags} ${entry.name}`;
    if (!entries.has(key) || !NAME_PREFIXES.some(({ prefix }) => xattr.name.startsWith(prefix))) {
      entries.set(key, entry);
    }
  }
  return [...entries.values()];
}

function entryOf({ name, value }: Xattr, path: () => string): AttributeEntry | undefined {
  const acl = ACL_NAMES.find((known) => known.name === name);
  if (acl !== undefined) {
    const kept = diskAcl(value);
    const entries = kept === undefined ? 0 : aclEntries(kept);
    if (kept === undefined || entries > ACL_MAX_ENTRIES) {
      const problem = kept === undefined ? "is not a POSIX ACL of version 2" : `has ${entries} entries`;
      throw attributeError(path, name, `${problem}; xfs holds lists of ${ACL_MAX_ENTRIES}`);
    }
    // As setxattr(2) does with an ACL that says nothing.
    return entries === 0 ? undefined : { flags: ATTR_FLAG.trusted, name: acl.kept, value: kept };
  }
  const known = NAME_PREFIXES.find(({ prefix }) => name.startsWith(prefix) && name.length > prefix.length);
  if (known === undefined) throw attributeError(path, name, "is of no kind that xfs has");
  const rest = name.slice(known.prefix.length);
  if (rest.length > LONGEST_NAME) throw attributeError(path, name, "has too long a name");
  if (value.length > XATTR_SIZE_MAX) {
    throw attributeError(path, name, `has a value of ${value.length} bytes; Linux takes ${XATTR_SIZE_MAX}`);
  }
  return { flags: known.flags, name: rest, value };
}

function attributeError(path: () => string, name: string, problem: string): Error {
  const hint = "remove or shorten the attribute in the image";
  return limitError(path(), `the extended attribute ${printable(name)} ${problem}`, hint);
}
