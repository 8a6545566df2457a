/** The blocks of a journal's log (include/linux/jbd2.h). Big-endian, as the journal's superblock is. */
import { be16, be32, be64, u8 } from "../../../blocks/field.ts";

/** journal_header_t: how every block of the log begins that is not the copy of a block of the filesystem. */
export const LOG_HEADER = { h_magic: be32(0x0), h_blocktype: be32(0x4), h_sequence: be32(0x8) };
export const LOG_HEADER_SIZE = 12;

/** h_blocktype (JBD2_DESCRIPTOR_BLOCK and so on). */
export const LOG_BLOCK_TYPE = { descriptor: 1, commit: 2, revoke: 5 } as const;

/**
 * journal_block_tag_t: what a descriptor block says of one copy that follows it. Without the feature 64bit it ends
 * before t_blocknr_high; csum_v2 makes it two bytes longer than what it holds (journal_tag_bytes).
 */
export const BLOCK_TAG = {
  t_blocknr: be32(0x0),
  t_checksum: be16(0x4),
  t_flags: be16(0x6),
  t_blocknr_high: be32(0x8),
};
export const BLOCK_TAG_SIZE = { narrow: 8, "64bit": 12 } as const;
export const BLOCK_TAG_CSUM_V2_PADDING = 2;

/** journal_block_tag3_t: the same with csum_v3. */
export const BLOCK_TAG3 = {
  t_blocknr: be32(0x0),
  t_flags: be32(0x4),
  t_blocknr_high: be32(0x8),
  t_checksum: be32(0xc),
};
export const BLOCK_TAG3_SIZE = 16;

/** t_flags (JBD2_FLAG_*). A tag without same_uuid is followed by a UUID. */
export const TAG_FLAG = { escape: 1, same_uuid: 2, deleted: 4, last_tag: 8 } as const;
export const TAG_UUID_SIZE = 16;

/** struct jbd2_journal_block_tail: the end of a descriptor or revoke block with csum_v2 or csum_v3. */
export const LOG_TAIL = { t_checksum: be32(0x0) };
export const LOG_TAIL_SIZE = 4;

/** jbd2_journal_revoke_header_t: r_count is where the block numbers end, which follow the header. */
export const REVOKE_HEADER = { ...LOG_HEADER, r_count: be32(0xc) };
export const REVOKE_HEADER_SIZE = 16;

/** struct commit_header; of h_chksum only the first number is used. */
export const COMMIT_HEADER = {
  ...LOG_HEADER,
  h_chksum_type: u8(0xc),
  h_chksum_size: u8(0xd),
  h_chksum: be32(0x10),
  h_commit_sec: be64(0x30),
  h_commit_nsec: be32(0x38),
};
export const COMMIT_HEADER_SIZE = 64;

/** h_chksum_type and h_chksum_size of a checksum over a whole transaction (JBD2_CRC32_CHKSUM). */
export const JBD2_CRC32_CHKSUM = 1;
export const JBD2_CRC32_CHKSUM_SIZE = 4;
