import { bytes, le16, le32, le64, u8 } from "../../../blocks/field.ts";

export const SUPERBLOCK_OFFSET = 1024;
export const SUPERBLOCK_SIZE = 1024;
export const EXT4_SUPER_MAGIC = 0xef53;
export const EXT4_VALID_FS = 0x0001;
export const EXT4_ERROR_FS = 0x0002;
export const EXT4_ERRORS_CONTINUE = 1;
export const EXT4_OS_LINUX = 0;
export const EXT4_GOOD_OLD_REV = 0;
export const EXT4_DYNAMIC_REV = 1;
export const EXT4_CRC32C_CHKSUM = 1;
/** s_encoding of casefold: UTF-8 as of Unicode 12.1, the only one there is. */
export const EXT4_ENC_UTF8_12_1 = 1;
export const EXT4_FLAGS_SIGNED_HASH = 0x0001;
export const EXT4_FLAGS_UNSIGNED_HASH = 0x0002;
export const EXT4_DEFM_XATTR_USER = 0x0004;
export const EXT4_DEFM_ACL = 0x0008;
/** s_jnl_backup_type: s_jnl_blocks holds the journal inode's i_block, i_size_high and i_size_lo (e2fsprogs ext2_fs.h). */
export const EXT3_JNL_BACKUP_BLOCKS = 1;

/** struct ext4_super_block (fs/ext4/ext4.h). It lies at byte 1024 of the image; a backup at the start of its group. */
export const SUPERBLOCK = {
  s_inodes_count: le32(0x00),
  s_blocks_count_lo: le32(0x04),
  s_r_blocks_count_lo: le32(0x08),
  s_free_blocks_count_lo: le32(0x0c),
  s_free_inodes_count: le32(0x10),
  s_first_data_block: le32(0x14),
  s_log_block_size: le32(0x18),
  s_log_cluster_size: le32(0x1c),
  s_blocks_per_group: le32(0x20),
  s_clusters_per_group: le32(0x24),
  s_inodes_per_group: le32(0x28),
  s_mtime: le32(0x2c),
  s_wtime: le32(0x30),
  s_mnt_count: le16(0x34),
  s_max_mnt_count: le16(0x36),
  s_magic: le16(0x38),
  s_state: le16(0x3a),
  s_errors: le16(0x3c),
  s_minor_rev_level: le16(0x3e),
  s_lastcheck: le32(0x40),
  s_checkinterval: le32(0x44),
  s_creator_os: le32(0x48),
  s_rev_level: le32(0x4c),
  s_def_resuid: le16(0x50),
  s_def_resgid: le16(0x52),
  s_first_ino: le32(0x54),
  s_inode_size: le16(0x58),
  s_block_group_nr: le16(0x5a),
  s_feature_compat: le32(0x5c),
  s_feature_incompat: le32(0x60),
  s_feature_ro_compat: le32(0x64),
  s_uuid: bytes(0x68, 16),
  s_volume_name: bytes(0x78, 16),
  s_last_mounted: bytes(0x88, 64),
  s_reserved_gdt_blocks: le16(0xce),
  s_journal_uuid: bytes(0xd0, 16),
  s_journal_inum: le32(0xe0),
  s_journal_dev: le32(0xe4),
  s_last_orphan: le32(0xe8),
  s_hash_seed: bytes(0xec, 16),
  s_def_hash_version: u8(0xfc),
  s_jnl_backup_type: u8(0xfd),
  s_desc_size: le16(0xfe),
  s_default_mount_opts: le32(0x100),
  s_first_meta_bg: le32(0x104),
  s_mkfs_time: le32(0x108),
  s_jnl_blocks: bytes(0x10c, 68),
  s_blocks_count_hi: le32(0x150),
  s_r_blocks_count_hi: le32(0x154),
  s_free_blocks_count_hi: le32(0x158),
  s_min_extra_isize: le16(0x15c),
  s_want_extra_isize: le16(0x15e),
  s_flags: le32(0x160),
  s_mmp_update_interval: le16(0x166),
  s_mmp_block: le64(0x168),
  s_log_groups_per_flex: u8(0x174),
  s_checksum_type: u8(0x175),
  s_kbytes_written: le64(0x178),
  s_error_count: le32(0x194),
  s_mount_opts: bytes(0x200, 64),
  s_usr_quota_inum: le32(0x240),
  s_grp_quota_inum: le32(0x244),
  s_overhead_clusters: le32(0x248),
  s_backup_bgs: bytes(0x24c, 8),
  s_lpf_ino: le32(0x268),
  s_prj_quota_inum: le32(0x26c),
  s_checksum_seed: le32(0x270),
  s_wtime_hi: u8(0x274),
  s_mtime_hi: u8(0x275),
  s_mkfs_time_hi: u8(0x276),
  s_lastcheck_hi: u8(0x277),
  s_encoding: le16(0x27c),
  s_orphan_file_inum: le32(0x280),
  s_checksum: le32(0x3fc),
};
