/** The one record of a log that has nothing to be replayed (fs/xfs/libxfs/xfs_log_format.h). */
import { be32, be64, bytes, le16, le32, u8 } from "../../../blocks/field.ts";

export const XLOG_HEADER_MAGIC_NUM = 0xfeedbabe;
export const XLOG_VERSION_2 = 2;
/** h_fmt: written on a little-endian machine. */
export const XLOG_FMT_LINUX_LE = 1;
/** h_size: bytes of the largest record. */
export const XLOG_BIG_RECORD_BSIZE = 32768;

/** struct xlog_rec_header: the first sector of a record. */
export const LOG_RECORD = {
  h_magicno: be32(0),
  h_cycle: be32(4),
  h_version: be32(8),
  h_len: be32(12),
  h_lsn: be64(16),
  h_tail_lsn: be64(24),
  h_crc: le32(32),
  h_prev_block: be32(36),
  h_num_logops: be32(40),
  /** The first words of the sectors that follow, where the cycle stands instead: 64 of 4 bytes each. */
  h_cycle_data: be32(44),
  h_fmt: be32(300),
  h_fs_uuid: bytes(304, 16),
  h_size: be32(320),
};

/** struct xlog_op_header with a struct xfs_unmount_log_format behind it: the second sector. */
export const LOG_UNMOUNT = {
  /** The cycle, in place of oh_tid. */
  oh_tid: be32(0),
  oh_len: be32(4),
  oh_clientid: u8(8),
  oh_flags: u8(9),
  oh_res2: le16(10),
  magic: le16(12),
};
/** oh_tid of the last record that an unmount writes. */
export const XLOG_UNMOUNT_TID = 0xb0c0d0d0;
export const XFS_LOG_CLIENT = 0xaa;
export const XLOG_UNMOUNT_TRANS = 0x20;
export const XLOG_UNMOUNT_TYPE = 0x556e;
/** Bytes of what the unmount's record holds. */
export const XLOG_UNMOUNT_LENGTH = 8;
