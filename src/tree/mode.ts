/** The file type bits of i_mode (stat.h) for each kind of inode. */
export const MODE_TYPE = {
  fifo: 0o010000,
  char: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;
