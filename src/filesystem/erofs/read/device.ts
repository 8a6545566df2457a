import type { ErofsInode } from "./inode.ts";

/** Major and minor number of a device: new_decode_dev (kdev_t.h) of i_u. */
export function deviceNumbers({ union }: ErofsInode): { major: number; minor: number } {
  return { major: (union >>> 8) & 0xfff, minor: (union & 0xff) | ((union >>> 12) & 0xfff00) };
}
