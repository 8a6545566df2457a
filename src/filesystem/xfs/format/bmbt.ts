/** The map of a file: extents in the inode, or leaves of a B+tree whose root lies there. */

/** struct xfs_bmbt_rec (fs/xfs/libxfs/xfs_format.h): 128 bits, two 64-bit words big-endian. */
export const BMBT_RECORD_SIZE = 16;
/** From the highest bit: unwritten, 54 bits of file block, 52 of filesystem block, 21 of length. */
export const LARGEST_EXTENT = 2 ** 21 - 1;

/** struct xfs_bmdr_block: the head of a root inside an inode; keys follow, and behind room for the most keys pointers. */
export const BMDR_HEADER = 4;
export const BMBT_KEY_SIZE = 8;
export const BMBT_POINTER_SIZE = 8;

/** `length` blocks of a file from its block `logical`, at the filesystem's block `physical` (numbered by AG and place). */
export interface BmbtRecord {
  readonly logical: number;
  readonly physical: number;
  readonly length: number;
  /** The blocks read as zeros, whatever they hold. */
  readonly isUnwritten: boolean;
}

/** Writes a record of written blocks at byte `at`. */
export function putBmbtRecord(
  view: DataView,
  at: number,
  { logical, physical, length }: Omit<BmbtRecord, "isUnwritten">,
): void {
  // The words in 32-bit parts: | 0 logical 54 | physical 9 || physical 43 | length 21 |
  view.setUint32(at, Math.floor(logical / 2 ** 23));
  view.setUint32(at + 4, (logical % 2 ** 23) * 2 ** 9 + Math.floor(physical / 2 ** 43));
  view.setUint32(at + 8, Math.floor(physical / 2 ** 11) % 2 ** 32);
  view.setUint32(at + 12, (physical % 2 ** 11) * 2 ** 21 + length);
}

/** The record at byte `at`. */
export function getBmbtRecord(view: DataView, at: number): BmbtRecord {
  const first = view.getUint32(at);
  const second = view.getUint32(at + 4);
  const fourth = view.getUint32(at + 12);
  return {
    isUnwritten: first >= 2 ** 31,
    logical: (first % 2 ** 31) * 2 ** 23 + Math.floor(second / 2 ** 9),
    physical: (second % 2 ** 9) * 2 ** 43 + view.getUint32(at + 8) * 2 ** 11 + Math.floor(fourth / 2 ** 21),
    length: fourth % 2 ** 21,
  };
}
