import { bytes, le16, le32 } from "../../../blocks/field.ts";

export const INODE_SIZE = 256;
/** Bytes of the fields past the old 128-byte inode: up to and with i_projid. */
export const EXTRA_ISIZE = 32;
export const EXT4_GOOD_OLD_INODE_SIZE = 128;

/**
 * What 32 bits of seconds and two bits of epoch reach (EXT4_TIMESTAMP_MIN, EXT4_EXTRA_TIMESTAMP_MAX, ext4.h). The kernel
 * reads all of it as it is; e2fsck remarks on the years 2310 to 2378, which an old kernel wrote for times before 1970.
 */
export const EARLIEST_TIME = -(2 ** 31);
export const LATEST_TIME = 2 ** 34 - 2 ** 31 - 1;

export const EXT4_ROOT_INO = 2;
export const EXT4_JOURNAL_INO = 8;
/** s_first_ino: the inodes below are the filesystem's own. */
export const EXT4_GOOD_OLD_FIRST_INO = 11;

export const EXT4_BAD_INO = 1;
export const EXT4_USR_QUOTA_INO = 3;
export const EXT4_GRP_QUOTA_INO = 4;
export const EXT4_BOOT_LOADER_INO = 5;
export const EXT4_RESIZE_INO = 7;

/** i_flags: the file cannot be changed. */
export const EXT4_IMMUTABLE_FL = 0x00000010;
/** i_flags: nothing but what is appended can be written. */
export const EXT4_APPEND_FL = 0x00000020;
/** i_flags: the file is opened by its number (imagic_inodes). */
export const EXT4_IMAGIC_FL = 0x00002000;
/** i_flags: contents and names are encrypted. */
export const EXT4_ENCRYPT_FL = 0x00000800;
/** i_flags: i_blocks counts blocks, not sectors. */
export const EXT4_HUGE_FILE_FL = 0x00040000;
/** i_flags: a tree of fs-verity hashes lies past the end of the file. */
export const EXT4_VERITY_FL = 0x00100000;
/** i_flags: the inode holds the value of an attribute. */
export const EXT4_EA_INODE_FL = 0x00200000;
/** i_flags: contents begin in i_block and go on in the attribute system.data. */
export const EXT4_INLINE_DATA_FL = 0x10000000;
/** i_flags: the directory takes names that differ in case alone for the same. */
export const EXT4_CASEFOLD_FL = 0x40000000;
/** i_flags: the directory has an index of hashes. */
export const EXT4_INDEX_FL = 0x00001000;
/** i_flags: i_block is the root of an extent tree. */
export const EXT4_EXTENTS_FL = 0x00080000;

/** Most names that a file may have (fs/ext4/ext4.h); a directory's count becomes 1 on reaching it. */
export const EXT4_LINK_MAX = 65000;
/** The same for ext2 and ext3, directories included (EXT3_LINK_MAX of their own drivers). */
export const EXT3_LINK_MAX = 32000;

/** i_block: an extent tree's root, a short symlink's target or a device number. */
export const I_BLOCK_SIZE = 60;

/** struct ext4_inode (fs/ext4/ext4.h), with the Linux members of its osd1 and osd2 unions. */
export const INODE = {
  i_mode: le16(0x00),
  i_uid: le16(0x02),
  i_size_lo: le32(0x04),
  i_atime: le32(0x08),
  i_ctime: le32(0x0c),
  i_mtime: le32(0x10),
  i_dtime: le32(0x14),
  i_gid: le16(0x18),
  i_links_count: le16(0x1a),
  i_blocks_lo: le32(0x1c),
  i_flags: le32(0x20),
  l_i_version: le32(0x24),
  i_block: bytes(0x28, I_BLOCK_SIZE),
  i_generation: le32(0x64),
  i_file_acl_lo: le32(0x68),
  i_size_high: le32(0x6c),
  i_obso_faddr: le32(0x70),
  l_i_blocks_high: le16(0x74),
  l_i_file_acl_high: le16(0x76),
  l_i_uid_high: le16(0x78),
  l_i_gid_high: le16(0x7a),
  l_i_checksum_lo: le16(0x7c),
  i_extra_isize: le16(0x80),
  i_checksum_hi: le16(0x82),
  i_ctime_extra: le32(0x84),
  i_mtime_extra: le32(0x88),
  i_atime_extra: le32(0x8c),
  i_crtime: le32(0x90),
  i_crtime_extra: le32(0x94),
  i_version_hi: le32(0x98),
  i_projid: le32(0x9c),
};
