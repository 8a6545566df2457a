import { be32, bytes, u8 } from "../../../blocks/field.ts";

export const JBD2_MAGIC_NUMBER = 0xc03b3998;
export const JBD2_SUPERBLOCK_V2 = 4;

/** journal_superblock_t (include/linux/jbd2.h), its header included. Big-endian, unlike all else. */
export const JOURNAL_SUPERBLOCK = {
  h_magic: be32(0x00),
  h_blocktype: be32(0x04),
  h_sequence: be32(0x08),
  s_blocksize: be32(0x0c),
  s_maxlen: be32(0x10),
  s_first: be32(0x14),
  s_sequence: be32(0x18),
  s_start: be32(0x1c),
  s_errno: be32(0x20),
  s_feature_compat: be32(0x24),
  s_feature_incompat: be32(0x28),
  s_feature_ro_compat: be32(0x2c),
  s_uuid: bytes(0x30, 16),
  s_nr_users: be32(0x40),
};

/** h_blocktype of a superblock without the fields from s_feature_compat on. */
export const JBD2_SUPERBLOCK_V1 = 3;
/** journal_superblock_t beyond what a fresh journal needs. */
export const JOURNAL_SUPERBLOCK_EXTENSION = {
  s_checksum_type: u8(0x50),
  s_num_fc_blks: be32(0x54),
  s_head: be32(0x58),
  s_checksum: be32(0xfc),
};
export const JOURNAL_SUPERBLOCK_SIZE = 1024;
/** s_checksum_type with csum_v2 and csum_v3 (JBD2_CRC32C_CHKSUM). */
export const JBD2_CRC32C_CHKSUM = 4;
/** The shortest log (JBD2_MIN_JOURNAL_BLOCKS), and what a 0 in s_num_fc_blks means. */
export const JBD2_MIN_JOURNAL_BLOCKS = 1024;
export const JBD2_DEFAULT_FAST_COMMIT_BLOCKS = 256;
/** s_feature_compat, s_feature_incompat (JBD2_FEATURE_*). */
export const JOURNAL_COMPAT = { checksum: 0x1 } as const;
export const JOURNAL_INCOMPAT = {
  revoke: 0x01,
  "64bit": 0x02,
  async_commit: 0x04,
  csum_v2: 0x08,
  csum_v3: 0x10,
  fast_commit: 0x20,
} as const;
