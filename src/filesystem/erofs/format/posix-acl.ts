/**
 * POSIX ACLs. EROFS keeps them as getxattr(2) shows them and layers carry them: version 2, 8 bytes an entry
 * (include/uapi/linux/posix_acl_xattr.h).
 */
import { le16, le32 } from "../../../blocks/field.ts";

export const POSIX_ACL_XATTR_VERSION = 2;
export const ACL_HEADER = { a_version: le32(0x0) };
export const ACL_HEADER_SIZE = 4;
export const ACL_ENTRY = { e_tag: le16(0x0), e_perm: le16(0x2), e_id: le32(0x4) };
export const ACL_ENTRY_SIZE = 8;
/** The owner's, a user's, the owning group's, a group's, the mask, everybody else's. */
export const ACL_TAGS: ReadonlySet<number> = new Set([0x01, 0x02, 0x04, 0x08, 0x10, 0x20]);
