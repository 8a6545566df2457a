/** What chown(2) and chmod(2) by root make of an inode. */
import type { Directory, Inode, Metadata, RegularFile, Xattr } from "../tree/inode.ts";
import {
  ACL_ENTRY_SIZE,
  ACL_GROUP_OBJ,
  ACL_HEADER_SIZE,
  ACL_MASK,
  ACL_OTHER,
  ACL_PERM,
  ACL_USER_OBJ,
} from "../tree/posix-acl.ts";
import type { Paused, Steps } from "../waiting/steps.ts";

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o010;
const CAPABILITY = "security.capability";
const ACCESS_ACL = "system.posix_acl_access";

/** Undefined: it stays. */
export interface NewOwner {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** By chown_common (fs/open.c): what would give the new owner's rights to others goes, but for folders. */
export function owned({ type, metadata }: Inode, { uid, gid }: NewOwner): Metadata {
  const changed = { ...metadata, uid: uid ?? metadata.uid, gid: gid ?? metadata.gid };
  if (type === "directory" || type === "symlink") return changed;
  const { mode, xattrs } = metadata;
  const lost = (mode & S_IXGRP) === 0 ? S_ISUID : S_ISUID | S_ISGID;
  const kept = xattrs.filter(({ name }) => name !== CAPABILITY);
  return { ...changed, mode: mode & ~lost, xattrs: kept.length === xattrs.length ? xattrs : kept };
}

/** By posix_acl_chmod (fs/posix_acl.c): an access control list says the same as the mode. */
export function withMode({ metadata }: Inode, mode: number): Metadata {
  const xattrs = metadata.xattrs.map((xattr) =>
    xattr.name === ACCESS_ACL ? { ...xattr, value: aclWithMode(xattr, mode) } : xattr,
  );
  return { ...metadata, mode, xattrs };
}

function aclWithMode({ value }: Xattr, mode: number): Uint8Array {
  const changed = Buffer.from(value);
  const tags = new Map<number, number>();
  for (let at = ACL_HEADER_SIZE; at + ACL_ENTRY_SIZE <= changed.length; at += ACL_ENTRY_SIZE) {
    tags.set(changed.readUInt16LE(at), at);
  }
  const set = (tag: number, permissions: number): void => {
    const at = tags.get(tag);
    if (at !== undefined) changed.writeUInt16LE(permissions & 0o7, at + ACL_PERM);
  };
  set(ACL_USER_OBJ, mode >> 6);
  set(tags.has(ACL_MASK) ? ACL_MASK : ACL_GROUP_OBJ, mode >> 3);
  set(ACL_OTHER, mode);
  return changed;
}

/** An inode and all that is below it. */
export function* allBelow(top: Inode): Paused<Inode> {
  const work = [top];
  for (let inode = work.pop(); inode !== undefined; inode = work.pop()) {
    yield inode;
    if (inode.type !== "directory") continue;
    yield undefined;
    for (const child of inode.entries.values()) work.push(child);
  }
}

/** Puts other files in place of some, under all of their names. */
export function* substitute(root: Directory, others: ReadonlyMap<Inode, RegularFile>): Steps<void> {
  const work = [root];
  for (let folder = work.pop(); folder !== undefined; folder = work.pop()) {
    for (const [name, inode] of folder.entries) {
      const other = others.get(inode);
      if (other !== undefined) folder.entries.set(name, other);
      else if (inode.type === "directory") work.push(inode);
    }
    yield;
  }
}
