import { viewOf } from "../../../blocks/field.ts";
import {
  ACL_ENTRY,
  ACL_ENTRY_SIZE,
  ACL_HEADER,
  ACL_HEADER_SIZE,
  ACL_TAGS,
  POSIX_ACL_XATTR_VERSION,
} from "../format/posix-acl.ts";

/** Whether the kernel can read the value as an ACL: the files of others have nobody who may open them. */
export function isAcl(value: Uint8Array): boolean {
  const view = viewOf(value);
  if (value.length < ACL_HEADER_SIZE || (value.length - ACL_HEADER_SIZE) % ACL_ENTRY_SIZE !== 0) return false;
  if (ACL_HEADER.a_version.get(view, 0) !== POSIX_ACL_XATTR_VERSION) return false;
  for (let at = ACL_HEADER_SIZE; at < value.length; at += ACL_ENTRY_SIZE) {
    if (!ACL_TAGS.has(ACL_ENTRY.e_tag.get(view, at))) return false;
  }
  return true;
}

/** Whether an ACL has no entries. */
export function saysNothing(acl: Uint8Array): boolean {
  return acl.length === ACL_HEADER_SIZE;
}
