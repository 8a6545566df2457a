/**
 * Every feature that a superblock can name (EXT4_FEATURE_* of fs/ext4/ext4.h and e2fsprogs ext2_fs.h), by the name
 * that mke2fs and dumpe2fs use. For readers; what this project's writer switches on is in features.ts.
 */

export const COMPAT_NAMES = {
  dir_prealloc: 0x0001,
  imagic_inodes: 0x0002,
  has_journal: 0x0004,
  ext_attr: 0x0008,
  resize_inode: 0x0010,
  dir_index: 0x0020,
  lazy_bg: 0x0040,
  exclude_bitmap: 0x0100,
  sparse_super2: 0x0200,
  fast_commit: 0x0400,
  stable_inodes: 0x0800,
  orphan_file: 0x1000,
} as const;

export const INCOMPAT_NAMES = {
  compression: 0x00001,
  filetype: 0x00002,
  needs_recovery: 0x00004,
  journal_dev: 0x00008,
  meta_bg: 0x00010,
  extent: 0x00040,
  "64bit": 0x00080,
  mmp: 0x00100,
  flex_bg: 0x00200,
  ea_inode: 0x00400,
  dirdata: 0x01000,
  metadata_csum_seed: 0x02000,
  large_dir: 0x04000,
  inline_data: 0x08000,
  encrypt: 0x10000,
  casefold: 0x20000,
} as const;

export const RO_COMPAT_NAMES = {
  sparse_super: 0x00001,
  large_file: 0x00002,
  huge_file: 0x00008,
  uninit_bg: 0x00010,
  dir_nlink: 0x00020,
  extra_isize: 0x00040,
  has_snapshot: 0x00080,
  quota: 0x00100,
  bigalloc: 0x00200,
  metadata_csum: 0x00400,
  replica: 0x00800,
  "read-only": 0x01000,
  project: 0x02000,
  shared_blocks: 0x04000,
  verity: 0x08000,
  orphan_present: 0x10000,
} as const;
