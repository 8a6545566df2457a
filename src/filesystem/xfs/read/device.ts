import { viewOf } from "../../../blocks/field.ts";
import { DEVICE, MINOR_BITS } from "../format/inode.ts";
import type { XfsInode } from "./inode.ts";

/** Of the major number's bits Linux has nine (xfs_to_linux_dev_t). */
const MAJOR_MASK = 0x1ff;

/** Major and minor number of a device. */
export function deviceNumbers({ data }: XfsInode): { major: number; minor: number } {
  const device = DEVICE.dev.get(viewOf(data.bytes), 0);
  return { major: (device >>> MINOR_BITS) & MAJOR_MASK, minor: device & (2 ** MINOR_BITS - 1) };
}
