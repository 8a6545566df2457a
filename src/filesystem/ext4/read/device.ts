import { viewOf } from "../../../blocks/field.ts";
import type { FileInode } from "./inode.ts";

/** Major and minor number of a device: old_decode_dev or new_decode_dev (kdev_t.h) of the words of i_block. */
export function deviceNumbers({ fields }: FileInode): { major: number; minor: number } {
  const view = viewOf(fields.i_block);
  const old = view.getUint32(0, true);
  if (old !== 0) return { major: (old >>> 8) & 0xff, minor: old & 0xff };
  const device = view.getUint32(4, true);
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}
