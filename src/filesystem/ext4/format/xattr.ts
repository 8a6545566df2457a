import { le16, le32, u8 } from "../../../blocks/field.ts";

export const EXT4_XATTR_MAGIC = 0xea020000;
/** Most inodes that share one block of attributes. */
export const EXT4_XATTR_REFCOUNT_MAX = 1024;
/** Names and values begin at multiples of this. */
export const EXT4_XATTR_ROUND = 4;

/** Most bytes of a value (include/uapi/linux/limits.h): no program could read more. */
export const XATTR_SIZE_MAX = 65536;

/** struct ext4_xattr_header (fs/ext4/xattr.h): the head of a block of attributes. */
export const XATTR_HEADER = {
  h_magic: le32(0x00),
  h_refcount: le32(0x04),
  h_blocks: le32(0x08),
  h_hash: le32(0x0c),
  h_checksum: le32(0x10),
};
export const XATTR_HEADER_SIZE = 32;

/** struct ext4_xattr_ibody_header: the head of the attributes inside an inode. */
export const XATTR_IBODY_HEADER = { h_magic: le32(0x0) };
export const XATTR_IBODY_HEADER_SIZE = 4;

/** struct ext4_xattr_entry up to its name. */
export const XATTR_ENTRY = {
  e_name_len: u8(0x0),
  e_name_index: u8(0x1),
  e_value_offs: le16(0x2),
  e_value_inum: le32(0x4),
  e_value_size: le32(0x8),
  e_hash: le32(0xc),
};
export const XATTR_ENTRY_HEADER = 16;

/** e_name_index of "system.data", where a file's inline contents go on; the kernel lists no attribute of this index. */
export const EXT4_XATTR_INDEX_SYSTEM = 7;
/** The name of that attribute after the prefix. */
export const EXT4_XATTR_SYSTEM_DATA = "data";

/** e_name_index for what a name begins with; the first match counts, and the two ACLs have no name of their own. */
export const NAME_PREFIXES = [
  { prefix: "user.", index: 1, whole: false },
  { prefix: "system.posix_acl_access", index: 2, whole: true },
  { prefix: "system.posix_acl_default", index: 3, whole: true },
  { prefix: "trusted.", index: 4, whole: false },
  { prefix: "security.", index: 6, whole: false },
  { prefix: "system.", index: 7, whole: false },
] as const;
