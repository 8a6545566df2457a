/** The superblock as a reader needs it: checked. */

import { crc32cRegister } from "../../../blocks/crc32c.ts";
import { decode, type Values, viewOf } from "../../../blocks/field.ts";
import { noFilesystem } from "../../reading/broken.ts";
import type { ImageReader } from "../../reading/image.ts";
import { COMPAT, INCOMPAT } from "../format/features.ts";
import {
  EROFS_SUPER_MAGIC_V1,
  SUPERBLOCK,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
} from "../format/superblock.ts";
import { broken } from "./broken.ts";
import { refuseUnknownFeatures, unsupported } from "./features.ts";

/** Blocks of 512 bytes to 64 KiB: sectors, and the largest pages there are. */
const LEAST_BLOCK_BITS = 9;
const MOST_BLOCK_BITS = 16;
const WHERE = "superblock";

export interface Superblock {
  readonly fields: Values<typeof SUPERBLOCK>;
  readonly blockSize: number;
}

/**
 * Reads the superblock at byte 1,024. Throws E_INVALID_FILESYSTEM if there is none, or its checksum or its block size is
 * wrong, and E_UNSUPPORTED for features that cannot be read. Counts of blocks and inodes are for `verify`: nothing else
 * needs them, and kernels do not look at them.
 */
export function readSuperblock(image: ImageReader): Superblock {
  const bytes = image.read(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE);
  if (bytes.length < SUPERBLOCK_SIZE) throw noFilesystem(WHERE, "the image is too short to hold one");
  const fields = decode(SUPERBLOCK, viewOf(bytes), 0);
  if (fields.magic !== EROFS_SUPER_MAGIC_V1) {
    throw noFilesystem(WHERE, "the image holds no EROFS filesystem (the magic number is missing)");
  }
  const { blkszbits, dirblkbits, extra_devices } = fields;
  if (blkszbits < LEAST_BLOCK_BITS || blkszbits > MOST_BLOCK_BITS) {
    throw broken(WHERE, `blocks of 2^${blkszbits} bytes are impossible`);
  }
  const blockSize = 2 ** blkszbits;
  checkChecksum(image, fields, blockSize);
  refuseUnknownFeatures(fields.feature_incompat);
  if (dirblkbits !== 0) throw unsupported("directories have blocks of their own size (dirblkbits)");
  if (extra_devices !== 0 && (fields.feature_incompat & INCOMPAT.device_table) !== 0) {
    throw unsupported(`contents lie on ${extra_devices} other devices (device_table)`);
  }
  return { fields, blockSize };
}

/** The sum of the first block, or of what follows the boot sectors in it, with the field itself as zero. */
function checkChecksum(image: ImageReader, fields: Superblock["fields"], blockSize: number): void {
  if ((fields.feature_compat & COMPAT.sb_chksum) === 0) return;
  const length = blockSize > SUPERBLOCK_OFFSET ? blockSize - SUPERBLOCK_OFFSET : blockSize;
  const bytes = image.read(SUPERBLOCK_OFFSET, length).slice();
  SUPERBLOCK.checksum.put(viewOf(bytes), 0, 0);
  if (crc32cRegister(0xffffffff, bytes) !== fields.checksum) throw broken(WHERE, "its checksum is wrong");
}
