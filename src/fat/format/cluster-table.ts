/** The table of clusters of FAT12 (ECMA-107, 12): 12 bits for each cluster, two to three bytes, the lower one first. */

/** The first two entries are none of a cluster's. */
export const FIRST_CLUSTER = 2;
/** More would make it a FAT16, for readers tell them apart by the number alone: MAX_FAT12 of linux/msdos_fs.h. */
export const MOST_CLUSTERS = 4084;
export const END_OF_CHAIN = 0xfff;

export function tableBytes(clusters: number): number {
  return Math.ceil(((clusters + FIRST_CLUSTER) * 3) / 2);
}

export function putEntry(table: Uint8Array, cluster: number, value: number): void {
  const at = cluster + (cluster >> 1);
  const low = table[at] ?? 0;
  const high = table[at + 1] ?? 0;
  if (cluster % 2 === 0) {
    table[at] = value & 0xff;
    table[at + 1] = (high & 0xf0) | (value >> 8);
  } else {
    table[at] = (low & 0x0f) | ((value & 0xf) << 4);
    table[at + 1] = value >> 4;
  }
}
