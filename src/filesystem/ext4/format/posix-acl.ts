/**
 * POSIX ACLs. getxattr(2) and layers carry version 2 (include/uapi/linux/posix_acl_xattr.h): 8 bytes an entry, all
 * with an id. ext4 keeps version 1 (fs/ext4/acl.h): only named users and groups have one.
 */
import { viewOf } from "../../../blocks/field.ts";

const POSIX_ACL_XATTR_VERSION = 2;
const EXT4_ACL_VERSION = 1;
const VERSION_SIZE = 4;
/** Bytes of an ACL without entries, in either form. */
export const ACL_WITHOUT_ENTRIES = VERSION_SIZE;
const XATTR_ENTRY_SIZE = 8;
const SHORT_ENTRY_SIZE = 4;

const TAGS_WITHOUT_ID: ReadonlySet<number> = new Set([0x01, 0x04, 0x10, 0x20]);
const TAGS_WITH_ID: ReadonlySet<number> = new Set([0x02, 0x08]);

/** The form that ext4 keeps of an ACL, or undefined if `value` is no ACL. */
export function diskAcl(value: Uint8Array): Uint8Array | undefined {
  const view = viewOf(value);
  if (value.length < VERSION_SIZE || (value.length - VERSION_SIZE) % XATTR_ENTRY_SIZE !== 0) return undefined;
  if (view.getUint32(0, true) !== POSIX_ACL_XATTR_VERSION) return undefined;
  const disk = new Uint8Array(value.length);
  viewOf(disk).setUint32(0, EXT4_ACL_VERSION, true);
  let length = VERSION_SIZE;
  for (let at = VERSION_SIZE; at < value.length; at += XATTR_ENTRY_SIZE) {
    const tag = view.getUint16(at, true);
    const size = TAGS_WITH_ID.has(tag) ? XATTR_ENTRY_SIZE : SHORT_ENTRY_SIZE;
    if (size === SHORT_ENTRY_SIZE && !TAGS_WITHOUT_ID.has(tag)) return undefined;
    disk.set(value.subarray(at, at + size), length);
    length += size;
  }
  return disk.slice(0, length);
}

/** What `diskAcl` was made from, as getxattr(2) shows it; undefined if `disk` is no ACL of ext4. */
export function userlandAcl(disk: Uint8Array): Uint8Array | undefined {
  const view = viewOf(disk);
  if (disk.length < VERSION_SIZE || view.getUint32(0, true) !== EXT4_ACL_VERSION) return undefined;
  const value = new Uint8Array(VERSION_SIZE + (disk.length / SHORT_ENTRY_SIZE) * XATTR_ENTRY_SIZE);
  viewOf(value).setUint32(0, POSIX_ACL_XATTR_VERSION, true);
  let length = VERSION_SIZE;
  for (let at = VERSION_SIZE; at < disk.length; length += XATTR_ENTRY_SIZE) {
    if (at + SHORT_ENTRY_SIZE > disk.length) return undefined;
    const tag = view.getUint16(at, true);
    const size = TAGS_WITH_ID.has(tag) ? XATTR_ENTRY_SIZE : SHORT_ENTRY_SIZE;
    if ((size === SHORT_ENTRY_SIZE && !TAGS_WITHOUT_ID.has(tag)) || at + size > disk.length) return undefined;
    value.set(disk.subarray(at, at + size), length);
    if (size === SHORT_ENTRY_SIZE) value.fill(0xff, length + SHORT_ENTRY_SIZE, length + XATTR_ENTRY_SIZE);
    at += size;
  }
  return value.slice(0, length);
}
