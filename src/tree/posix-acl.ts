/**
 * Access control lists as inodes of a tree carry them: the kernel's form of the attributes system.posix_acl_access and
 * _default (include/uapi/linux/posix_acl_xattr.h, little endian). A version of 32 bits, then entries: a tag and
 * permissions of 16 bits each, and a number of 32.
 */
export const POSIX_ACL_XATTR_VERSION = 2;
export const ACL_HEADER_SIZE = 4;
export const ACL_ENTRY_SIZE = 8;
/** Where permissions and number begin within an entry. */
export const ACL_PERM = 2;
export const ACL_ID = 4;
export const ACL_UNDEFINED_ID = 0xffffffff;

/** e_tag (include/uapi/linux/posix_acl.h). Users and groups have a number, the others ACL_UNDEFINED_ID. */
export const ACL_USER_OBJ = 0x01;
export const ACL_USER = 0x02;
export const ACL_GROUP_OBJ = 0x04;
export const ACL_GROUP = 0x08;
export const ACL_MASK = 0x10;
export const ACL_OTHER = 0x20;
