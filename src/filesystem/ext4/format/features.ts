/** s_feature_compat, s_feature_incompat and s_feature_ro_compat (fs/ext4/ext4.h, EXT4_FEATURE_*), as far as written. */

export const COMPAT = { has_journal: 0x0004, ext_attr: 0x0008, dir_index: 0x0020 } as const;

export const INCOMPAT = {
  filetype: 0x0002,
  extents: 0x0040,
  "64bit": 0x0080,
  flex_bg: 0x0200,
  ea_inode: 0x0400,
} as const;

export const RO_COMPAT = {
  sparse_super: 0x0001,
  large_file: 0x0002,
  huge_file: 0x0008,
  dir_nlink: 0x0020,
  extra_isize: 0x0040,
  metadata_csum: 0x0400,
  readonly: 0x1000,
} as const;
