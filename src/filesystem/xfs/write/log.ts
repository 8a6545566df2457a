import { encode, viewOf } from "../../../blocks/field.ts";
import {
  LOG_RECORD,
  LOG_UNMOUNT,
  XFS_LOG_CLIENT,
  XLOG_BIG_RECORD_BSIZE,
  XLOG_FMT_LINUX_LE,
  XLOG_HEADER_MAGIC_NUM,
  XLOG_UNMOUNT_LENGTH,
  XLOG_UNMOUNT_TID,
  XLOG_UNMOUNT_TRANS,
  XLOG_UNMOUNT_TYPE,
  XLOG_VERSION_2,
} from "../format/log.ts";
import { SECTOR_SIZE } from "../format/superblock.ts";

const FIRST_CYCLE = 1;
/** A sequence number is a cycle above a sector of the log: here the first of all. */
const FIRST_LSN = FIRST_CYCLE * 2 ** 32;

/** Writes the first block of a log with the one record of a clean unmount; the rest of the log must read as zeros. */
export function encodeLog(uuid: Uint8Array, bytes: Uint8Array): void {
  const view = viewOf(bytes);
  encode(LOG_RECORD, view, 0, {
    h_magicno: XLOG_HEADER_MAGIC_NUM,
    h_cycle: FIRST_CYCLE,
    h_version: XLOG_VERSION_2,
    h_len: SECTOR_SIZE,
    h_lsn: FIRST_LSN,
    h_tail_lsn: FIRST_LSN,
    h_prev_block: -1,
    h_num_logops: 1,
    h_cycle_data: XLOG_UNMOUNT_TID,
    h_fmt: XLOG_FMT_LINUX_LE,
    h_fs_uuid: uuid,
    h_size: XLOG_BIG_RECORD_BSIZE,
  });
  encode(LOG_UNMOUNT, view, SECTOR_SIZE, {
    oh_tid: FIRST_CYCLE,
    oh_len: XLOG_UNMOUNT_LENGTH,
    oh_clientid: XFS_LOG_CLIENT,
    oh_flags: XLOG_UNMOUNT_TRANS,
    magic: XLOG_UNMOUNT_TYPE,
  });
}
