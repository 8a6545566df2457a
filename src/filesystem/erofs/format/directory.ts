import { le16, le64, u8 } from "../../../blocks/field.ts";

export const EROFS_NAME_LEN = 255;

/** The file_type of a directory entry (FT_*, include/linux/fs_types.h) for each kind of inode. */
export const FILE_TYPE = {
  file: 1,
  directory: 2,
  char: 3,
  block: 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
} as const;

/**
 * struct erofs_dirent (fs/erofs/erofs_fs.h). A block of a directory begins with them, in the order of names, and holds
 * the names behind them: each ends where the next begins, the last at the block's end or before the first NUL. The
 * first nameoff tells how many there are.
 */
export const DIRENT = {
  nid: le64(0x0),
  /** Byte of the block. */
  nameoff: le16(0x8),
  file_type: u8(0xa),
};
export const DIRENT_SIZE = 12;
