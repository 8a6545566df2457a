import { le16, le32, u8 } from "../../../blocks/field.ts";

/** The file_type of a directory entry (EXT4_FT_*, fs/ext4/ext4.h) for each kind of inode. */
export const FILE_TYPE = {
  file: 1,
  directory: 2,
  char: 3,
  block: 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
} as const;

/** struct ext4_dir_entry_2 (fs/ext4/ext4.h) up to its name. */
export const DIRECTORY_ENTRY = {
  inode: le32(0x0),
  rec_len: le16(0x4),
  name_len: u8(0x6),
  file_type: u8(0x7),
};
export const DIRECTORY_ENTRY_HEADER = 8;

/** struct ext4_dir_entry_tail: the last 12 bytes of a block of entries, in the shape of an unused entry. */
export const DIRECTORY_TAIL = {
  det_reserved_zero1: le32(0x0),
  det_rec_len: le16(0x4),
  det_reserved_zero2: u8(0x6),
  det_reserved_ft: u8(0x7),
  det_checksum: le32(0x8),
};
export const DIRECTORY_TAIL_SIZE = 12;
export const EXT4_FT_DIR_CSUM = 0xde;

/** struct dx_root_info (fs/ext4/namei.c): follows "." and ".." in block 0 of an indexed directory. */
export const DX_ROOT_INFO = {
  reserved_zero: le32(0x0),
  hash_version: u8(0x4),
  info_length: u8(0x5),
  indirect_levels: u8(0x6),
  unused_flags: u8(0x7),
};
export const DX_ROOT_INFO_OFFSET = 24;
export const DX_ROOT_INFO_SIZE = 8;

/** struct dx_countlimit: lies over the hash of a block's first dx_entry. */
export const DX_COUNT_LIMIT = { limit: le16(0x0), count: le16(0x2) };

/** struct dx_entry: the block that holds hashes from `hash` on. */
export const DX_ENTRY = { hash: le32(0x0), block: le32(0x4) };
export const DX_ENTRY_SIZE = 8;

/** struct dx_tail: after the last dx_entry that fits. */
export const DX_TAIL = { dt_reserved: le32(0x0), dt_checksum: le32(0x4) };
export const DX_TAIL_SIZE = 8;

/** Where the dx_entries of block 0 and of any other index block begin, and how many fit with a dx_tail. */
export const DX_ROOT = { offset: 0x20, limit: 507 } as const;
export const DX_NODE = { offset: 0x08, limit: 510 } as const;

/** dx_root_info.hash_version: half MD4; whether characters are signed is for s_flags to say. */
export const DX_HASH_HALF_MD4 = 1;
