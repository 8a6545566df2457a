import { le16, le32, u8 } from "../../../blocks/field.ts";

/** Entries begin at multiples of this (EROFS_XATTR_ALIGN), and ids of shared ones count in it. */
export const XATTR_ALIGN = 4;
/** Most bytes of a value: e_value_size has 16 bits. */
export const LARGEST_VALUE = 0xffff;
export const LARGEST_NAME = 0xff;
/** i_xattr_icount has 16 bits. */
export const LARGEST_XATTR_BODY = 12 + (0xffff - 1) * 4;

/**
 * struct erofs_xattr_ibody_header (fs/erofs/erofs_fs.h): right behind the inode if its i_xattr_icount is not 0. Ids of
 * shared attributes follow, of 4 bytes each, then entries. All of it has 12 + (i_xattr_icount - 1) * 4 bytes.
 */
export const XATTR_IBODY_HEADER = { h_name_filter: le32(0x0), h_shared_count: u8(0x4) };
export const XATTR_IBODY_HEADER_SIZE = 12;
/** An id: 4 bytes times this from the start of block xattr_blkaddr on lies the entry. */
export const SHARED_XATTR_ID_SIZE = 4;
/** h_shared_count has 8 bits. */
export const MOST_SHARED = 0xff;

/** struct erofs_xattr_entry up to its name; the value follows that. */
export const XATTR_ENTRY = { e_name_len: u8(0x0), e_name_index: u8(0x1), e_value_size: le16(0x2) };
export const XATTR_ENTRY_HEADER = 4;

/** e_name_index: the image's own prefix with the number that the other bits are (xattr_prefixes). */
export const EROFS_XATTR_LONG_PREFIX = 0x80;

/** e_name_index for what a name begins with; the two ACLs have no name of their own, and values as getxattr(2) shows. */
export const NAME_PREFIXES = [
  { prefix: "user.", index: 1, whole: false },
  { prefix: "system.posix_acl_access", index: 2, whole: true },
  { prefix: "system.posix_acl_default", index: 3, whole: true },
  { prefix: "trusted.", index: 4, whole: false },
  { prefix: "security.", index: 6, whole: false },
] as const;
