/** The superblock as a reader needs it: checked, and its numbers in agreement. */

import { decode, type Values, viewOf } from "../../../blocks/field.ts";
import { noFilesystem } from "../../reading/broken.ts";
import type { ImageReader } from "../../reading/image.ts";
import { isSealed } from "../format/checksum.ts";
import { INCOMPAT_NAMES, RO_COMPAT_NAMES } from "../format/feature-names.ts";
import { SUPERBLOCK, XFS_SB_MAGIC } from "../format/superblock.ts";
import { broken } from "./broken.ts";
import { type FeatureName, refuseUnknownFeatures, unsupported } from "./features.ts";

/** Bytes that all its fields are in, in the smallest sector there is. */
const HEAD_SIZE = 512;
const VERSION_MASK = 0xf;
const VERSION_5 = 5;
const WHERE = "superblock";
const LEAST_BLOCK_LOG = 10;
const MOST_BLOCK_LOG = 16;
const LEAST_SECTOR_LOG = 9;
const MOST_SECTOR_LOG = 15;
const LEAST_INODE_LOG = 9;
const MOST_INODE_LOG = 11;
/** Of an allocation group: 2^31 blocks of 1 KiB are past the 1 TiB that one may have. */
const MOST_GROUP_LOG = 31;

export interface Superblock {
  readonly fields: Values<typeof SUPERBLOCK>;
  readonly features: ReadonlySet<FeatureName>;
  readonly blockSize: number;
  /** Blocks of the whole. */
  readonly blocks: number;
  readonly inodeSize: number;
  /** Bytes of a block of a directory. */
  readonly directoryBlockSize: number;
  /** What metadata says it belongs to. */
  readonly metaUuid: Uint8Array;
}

/**
 * Reads the superblock at byte 0. Throws E_INVALID_FILESYSTEM if there is none, its checksum is wrong or its numbers
 * contradict one another or the image's size, and E_UNSUPPORTED for versions and features that cannot be read.
 */
export function readSuperblock(image: ImageReader): Superblock {
  const bytes = image.read(0, HEAD_SIZE);
  if (bytes.length < HEAD_SIZE) throw noFilesystem(WHERE, "the image is too short to hold one");
  const fields = decode(SUPERBLOCK, viewOf(bytes), 0);
  if (fields.sb_magicnum !== XFS_SB_MAGIC) {
    throw noFilesystem(WHERE, "the image holds no XFS filesystem (the magic number is missing)");
  }
  const version = fields.sb_versionnum & VERSION_MASK;
  if (version !== VERSION_5) throw unsupported(`XFS of version ${version}: only version 5 can be read`);
  check(isBetween(fields.sb_sectlog, LEAST_SECTOR_LOG, MOST_SECTOR_LOG), "its sectors are impossible");
  if (!isSealed(image.read(0, 2 ** fields.sb_sectlog), SUPERBLOCK.sb_crc)) {
    throw broken(WHERE, "its checksum is wrong");
  }
  refuseUnknownFeatures(fields.sb_features_incompat);
  if (fields.sb_rblocks !== 0) throw unsupported("the filesystem has a realtime device, which is not here");
  checkGeometry(fields);
  const blockSize = fields.sb_blocksize;
  if (fields.sb_dblocks * blockSize > image.size) {
    throw broken(
      WHERE,
      `says ${fields.sb_dblocks} blocks of ${blockSize} bytes, the image ends after ${image.size} bytes`,
    );
  }
  const features = featuresOf(fields);
  return {
    fields,
    features,
    blockSize,
    blocks: fields.sb_dblocks,
    inodeSize: fields.sb_inodesize,
    directoryBlockSize: blockSize * 2 ** fields.sb_dirblklog,
    metaUuid: features.has("meta_uuid") ? fields.sb_meta_uuid : fields.sb_uuid,
  };
}

function checkGeometry(fields: Superblock["fields"]): void {
  const { sb_blocksize, sb_blocklog, sb_sectsize, sb_sectlog, sb_inodesize, sb_inodelog } = fields;
  const { sb_inopblock, sb_inopblog, sb_agblocks, sb_agblklog, sb_agcount, sb_dblocks, sb_dirblklog } =
    fields;
  check(fields.sb_inprogress === 0, "the filesystem was never finished");
  check(
    isBetween(sb_blocklog, LEAST_BLOCK_LOG, MOST_BLOCK_LOG) && sb_blocksize === 2 ** sb_blocklog,
    `blocks of ${sb_blocksize} bytes are impossible`,
  );
  check(sb_sectsize === 2 ** sb_sectlog && sb_sectlog <= sb_blocklog, "its sectors are impossible");
  check(
    isBetween(sb_inodelog, LEAST_INODE_LOG, MOST_INODE_LOG) &&
      sb_inodesize === 2 ** sb_inodelog &&
      sb_inopblog === sb_blocklog - sb_inodelog &&
      sb_inopblock === 2 ** sb_inopblog,
    `inodes of ${sb_inodesize} bytes, ${sb_inopblock} a block, are impossible`,
  );
  check(sb_dirblklog + sb_blocklog <= MOST_BLOCK_LOG, "the blocks of directories are too large");
  check(
    sb_agblklog <= MOST_GROUP_LOG && sb_agblocks > 2 ** (sb_agblklog - 1) && sb_agblocks <= 2 ** sb_agblklog,
    `allocation groups of ${sb_agblocks} blocks are impossible`,
  );
  check(
    sb_agcount > 0 && Math.ceil(sb_dblocks / sb_agblocks) === sb_agcount,
    `${sb_agcount} allocation groups of ${sb_agblocks} blocks do not make ${sb_dblocks}`,
  );
}

function featuresOf({ sb_features_ro_compat, sb_features_incompat }: Superblock["fields"]): Set<FeatureName> {
  const names = (bits: number, table: Readonly<Partial<Record<FeatureName, number>>>) =>
    (Object.entries(table) as [FeatureName, number][])
      .filter(([, bit]) => (bits & bit) !== 0)
      .map(([name]) => name);
  return new Set([
    ...names(sb_features_ro_compat, RO_COMPAT_NAMES),
    ...names(sb_features_incompat, INCOMPAT_NAMES),
  ]);
}

function isBetween(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function check(valid: boolean, what: string): void {
  if (!valid) throw broken(WHERE, what);
}
