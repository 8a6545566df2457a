/**
 * POSIX ACLs. getxattr(2) and layers carry version 2 (include/uapi/linux/posix_acl_xattr.h): 8 bytes an entry, all
 * with an id. XFS keeps struct xfs_acl (fs/xfs/libxfs/xfs_format.h): a count, and 12 bytes an entry, big-endian.
 */
import { be16, be32, encode, viewOf } from "../../../blocks/field.ts";

const POSIX_ACL_XATTR_VERSION = 2;
const VERSION_SIZE = 4;
const XATTR_ENTRY_SIZE = 8;

const ACL = { acl_cnt: be32(0) };
const ACL_HEADER = 4;
const ACL_ENTRY = { ae_tag: be32(0), ae_id: be32(4), ae_perm: be16(8) };
const ACL_ENTRY_SIZE = 12;
/** Most entries (XFS_ACL_MAX_ENTRIES of version 5: what a value of 64 KiB holds). */
export const ACL_MAX_ENTRIES = Math.floor((65536 - ACL_HEADER) / ACL_ENTRY_SIZE);

const TAGS_WITHOUT_ID: ReadonlySet<number> = new Set([0x01, 0x04, 0x10, 0x20]);
const TAGS_WITH_ID: ReadonlySet<number> = new Set([0x02, 0x08]);
/** ACL_UNDEFINED_ID. */
const NO_ID = 0xffffffff;

/** The form that XFS keeps of an ACL, or undefined if `value` is no ACL. */
export function diskAcl(value: Uint8Array): Uint8Array | undefined {
  const view = viewOf(value);
  if (value.length < VERSION_SIZE || (value.length - VERSION_SIZE) % XATTR_ENTRY_SIZE !== 0) return undefined;
  if (view.getUint32(0, true) !== POSIX_ACL_XATTR_VERSION) return undefined;
  const count = (value.length - VERSION_SIZE) / XATTR_ENTRY_SIZE;
  const disk = new Uint8Array(ACL_HEADER + count * ACL_ENTRY_SIZE);
  const written = viewOf(disk);
  ACL.acl_cnt.put(written, 0, count);
  for (let i = 0; i < count; i++) {
    const from = VERSION_SIZE + i * XATTR_ENTRY_SIZE;
    const ae_tag = view.getUint16(from, true);
    if (!TAGS_WITH_ID.has(ae_tag) && !TAGS_WITHOUT_ID.has(ae_tag)) return undefined;
    const ae_id = TAGS_WITH_ID.has(ae_tag) ? view.getUint32(from + 4, true) : 0;
    const entry = { ae_tag, ae_id, ae_perm: view.getUint16(from + 2, true) };
    encode(ACL_ENTRY, written, ACL_HEADER + i * ACL_ENTRY_SIZE, entry);
  }
  return disk;
}

/** How many entries an ACL in XFS's form has. */
export function aclEntries(disk: Uint8Array): number {
  return ACL.acl_cnt.get(viewOf(disk), 0);
}

/** What `diskAcl` was made from, as getxattr(2) shows it; undefined if `disk` is no ACL of XFS. */
export function userlandAcl(disk: Uint8Array): Uint8Array | undefined {
  const view = viewOf(disk);
  if (disk.length < ACL_HEADER) return undefined;
  const count = ACL.acl_cnt.get(view, 0);
  if (disk.length !== ACL_HEADER + count * ACL_ENTRY_SIZE) return undefined;
  const value = new Uint8Array(VERSION_SIZE + count * XATTR_ENTRY_SIZE);
  const written = viewOf(value);
  written.setUint32(0, POSIX_ACL_XATTR_VERSION, true);
  for (let i = 0; i < count; i++) {
    const from = ACL_HEADER + i * ACL_ENTRY_SIZE;
    const tag = ACL_ENTRY.ae_tag.get(view, from);
    if (!TAGS_WITH_ID.has(tag) && !TAGS_WITHOUT_ID.has(tag)) return undefined;
    const to = VERSION_SIZE + i * XATTR_ENTRY_SIZE;
    written.setUint16(to, tag, true);
    written.setUint16(to + 2, ACL_ENTRY.ae_perm.get(view, from), true);
    written.setUint32(to + 4, TAGS_WITH_ID.has(tag) ? ACL_ENTRY.ae_id.get(view, from) : NO_ID, true);
  }
  return value;
}
