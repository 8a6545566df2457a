/** Extended attributes in their forms (fs/xfs/libxfs/xfs_da_format.h). */
import { be16, be32, be64, bytes, le32, u8 } from "../../../blocks/field.ts";

/** Flags of an attribute: what its name begins with, and where its value lies. */
export const ATTR_FLAG = { local: 0x1, trusted: 0x2, security: 0x4 } as const;

/** What names begin with and the flags that stand for it; what is none of these XFS has no place for. */
export const NAME_PREFIXES = [
  { prefix: "user.", flags: 0 },
  { prefix: "trusted.", flags: ATTR_FLAG.trusted },
  { prefix: "security.", flags: ATTR_FLAG.security },
] as const;
/** The names, with the flag of trusted ones, that access control lists are kept under. */
export const ACL_NAMES = [
  { name: "system.posix_acl_access", kept: "SGI_ACL_FILE" },
  { name: "system.posix_acl_default", kept: "SGI_ACL_DEFAULT" },
] as const;

/** Most bytes of a value (include/uapi/linux/limits.h). */
export const XATTR_SIZE_MAX = 65536;

/** struct xfs_attr_sf_hdr, inside the inode: bytes of all of it, and how many attributes. */
export const SHORT_ATTRIBUTES = { totsize: be16(0), count: u8(2) };
export const SHORT_ATTRIBUTES_HEADER = 4;
/** struct xfs_attr_sf_entry up to name and value. */
export const SHORT_ATTRIBUTE = { namelen: u8(0), valuelen: u8(1), flags: u8(2) };
export const SHORT_ATTRIBUTE_HEADER = 3;
export const LONGEST_SHORT_VALUE = 255;

/** struct xfs_attr3_leaf_hdr after struct xfs_da3_blkinfo; then three free runs from byte 64 on. */
export const ATTR_LEAF = { count: be16(56), usedbytes: be16(58), firstused: be16(60), holes: u8(62) };
export const ATTR_FREE_OFFSET = 64;
/** struct xfs_attr_leaf_map. */
export const ATTR_FREE = { base: be16(0), size: be16(2) };
export const ATTR_ENTRIES_OFFSET = 80;
/** struct xfs_attr_leaf_entry, in order of hash. */
export const ATTR_ENTRY = { hashval: be32(0), nameidx: be16(4), flags: u8(6) };
export const ATTR_ENTRY_SIZE = 8;
/** struct xfs_attr_leaf_name_local up to name and value. */
export const ATTR_LOCAL = { valuelen: be16(0), namelen: u8(2) };
export const ATTR_LOCAL_HEADER = 3;
/** struct xfs_attr_leaf_name_remote up to the name. */
export const ATTR_REMOTE = { valueblk: be32(0), valuelen: be32(4), namelen: u8(8) };
export const ATTR_REMOTE_HEADER = 9;
/** What the kernel reckons a remote name takes besides it: more than it has (xfs_attr_leaf_entsize_remote). */
export const ATTR_REMOTE_COST = 11;
/** Names begin at multiples of this (XFS_ATTR_LEAF_NAME_ALIGN). */
export const ATTR_NAME_ALIGN = 4;
/** An attribute of so many bytes or more in a leaf has its value elsewhere (xfs_attr_leaf_entsize_local_max). */
export const ATTR_LOCAL_LIMIT = 3072;

export const XFS_ATTR3_RMT_MAGIC = 0x5841524d;
/** struct xfs_attr3_rmt_hdr: the head of each block of a value. */
export const ATTR_VALUE_BLOCK = {
  rm_magic: be32(0),
  rm_offset: be32(4),
  rm_bytes: be32(8),
  rm_crc: le32(12),
  rm_uuid: bytes(16, 16),
  rm_owner: be64(32),
  rm_blkno: be64(40),
  /** Of a value, which is not logged: none, all bits set. */
  rm_lsn: be64(48),
};
export const ATTR_VALUE_HEADER = 56;
/** Bytes of a value in a block. */
export const ATTR_VALUE_BYTES = 4096 - ATTR_VALUE_HEADER;
