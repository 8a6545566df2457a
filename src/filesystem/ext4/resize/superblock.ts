/** Superblocks that are others in a few fields. */
import { encode, viewOf } from "../../../blocks/field.ts";
import { superblockChecksum } from "../format/checksum.ts";
import { SUPERBLOCK } from "../format/superblock.ts";
import { decodeSuperblock, type Superblock, type SuperblockFields } from "../read/superblock.ts";

/** The superblock with other values in these fields, and its checksum as it then is. */
export function withFields(superblock: Superblock, values: Partial<SuperblockFields>): Superblock {
  return decodeSuperblock(bytesWith(superblock, values));
}

/** The bytes of the superblock as the backup in this group. */
export function backupIn(superblock: Superblock, group: number): Uint8Array {
  return bytesWith(superblock, { s_block_group_nr: group });
}

function bytesWith({ bytes: before, features }: Superblock, values: Partial<SuperblockFields>): Uint8Array {
  const bytes = new Uint8Array(before);
  encode(SUPERBLOCK, viewOf(bytes), 0, values);
  // Without the feature the field may hold anything, and means nothing.
  if (features.has("metadata_csum")) {
    const checksum = superblockChecksum(bytes.subarray(0, SUPERBLOCK.s_checksum.offset));
    SUPERBLOCK.s_checksum.put(viewOf(bytes), 0, checksum);
  }
  return bytes;
}
