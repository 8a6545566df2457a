/** feature_compat and feature_incompat (fs/erofs/erofs_fs.h, EROFS_FEATURE_*). */

export const COMPAT = {
  sb_chksum: 0x0001,
  mtime: 0x0002,
  xattr_filter: 0x0004,
  shared_ea_in_metabox: 0x0008,
  plain_xattr_pfx: 0x0010,
} as const;

/** With the first Linux that mounts it; whatever has none of them mounts from 5.4 on. */
export const INCOMPAT = {
  /** 5.4 */
  lz4_0padding: 0x0001,
  /** 5.13; big_pcluster has the same bit. */
  compr_cfgs: 0x0002,
  /** 5.15 */
  chunked_file: 0x0004,
  /** 5.16; compr_head2 has the same bit. */
  device_table: 0x0008,
  /** 5.17 */
  ztailpacking: 0x0010,
  /** 6.1; dedupe has the same bit. */
  fragments: 0x0020,
  /** 6.4 */
  xattr_prefixes: 0x0040,
  /** 6.15 */
  "48bit": 0x0080,
  /** 6.17 */
  metabox: 0x0100,
} as const;
