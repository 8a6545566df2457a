/** The superblock as a reader needs it: checked, and its halves put together. */

import { decode, type Values, viewOf } from "../../../blocks/field.ts";
import { noFilesystem } from "../../reading/broken.ts";
import type { ImageReader } from "../../reading/image.ts";
import { crcOfNumber, filesystemSeed, superblockChecksum } from "../format/checksum.ts";
import { INCOMPAT_NAMES, RO_COMPAT_NAMES } from "../format/feature-names.ts";
import { DESCRIPTOR_SIZE } from "../format/group-descriptor.ts";
import { EXT4_GOOD_OLD_FIRST_INO, EXT4_GOOD_OLD_INODE_SIZE } from "../format/inode.ts";
import {
  EXT4_CRC32C_CHKSUM,
  EXT4_DYNAMIC_REV,
  EXT4_GOOD_OLD_REV,
  EXT4_SUPER_MAGIC,
  SUPERBLOCK,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
} from "../format/superblock.ts";
import { broken } from "./broken.ts";
import { type FeatureName, featureNames, refuseUnknownFeatures } from "./features.ts";

export type SuperblockFields = Values<typeof SUPERBLOCK>;

const OLD_DESCRIPTOR_SIZE = 32;
/** s_log_block_size of 64 KiB, the largest block (EXT4_MAX_BLOCK_LOG_SIZE). */
const MAXIMUM_LOG_BLOCK_SIZE = 6;
/** EXT2_MIN_BLOCKS_PER_GROUP of e2fsprogs. Smaller groups would only be a way to ask for too many of them. */
const MINIMUM_BLOCKS_PER_GROUP = 256;
const WHERE = "superblock";

/** What follows from a valid superblock. All counts are whole numbers within the image. */
export interface Superblock {
  readonly fields: SuperblockFields;
  /** The 1,024 bytes as they are. */
  readonly bytes: Uint8Array;
  readonly features: ReadonlySet<FeatureName>;
  readonly blockSize: number;
  readonly blocks: number;
  readonly reservedBlocks: number;
  readonly freeBlocks: number;
  readonly blocksPerGroup: number;
  /** Blocks for which one bit of a block bitmap stands: more than 1 with bigalloc. */
  readonly blocksPerCluster: number;
  readonly groups: number;
  readonly inodesPerGroup: number;
  readonly inodeSize: number;
  readonly firstInode: number;
  readonly descriptorSize: number;
  /** What checksums begin with, where there are any. */
  readonly seed: number;
}

/**
 * Reads the superblock at byte 1,024. Throws E_INVALID_FILESYSTEM if there is none, its checksum is wrong or its
 * numbers contradict one another or the image's size, and E_UNSUPPORTED for features that cannot be read.
 */
export function readSuperblock(image: ImageReader): Superblock {
  const bytes = image.read(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE);
  if (bytes.length < SUPERBLOCK_SIZE) throw noFilesystem(WHERE, "the image is too short to hold one");
  const superblock = decodeSuperblock(bytes);
  checkGeometry(superblock);
  const { blocks, blockSize } = superblock;
  if (blocks * blockSize > image.size) {
    throw broken(
      WHERE,
      `says ${blocks} blocks of ${blockSize} bytes, the image ends after ${image.size} bytes`,
    );
  }
  return superblock;
}

/** The superblock in 1,024 bytes, its numbers not yet held against one another. Throws as readSuperblock does. */
export function decodeSuperblock(bytes: Uint8Array): Superblock {
  const decoded = decode(SUPERBLOCK, viewOf(bytes), 0);
  if (decoded.s_magic !== EXT4_SUPER_MAGIC) {
    throw noFilesystem(
      WHERE,
      "the image holds no ext2, ext3 or ext4 filesystem (the magic number is missing)",
    );
  }
  const fields = decoded.s_rev_level === EXT4_GOOD_OLD_REV ? withoutRevisionFields(decoded) : decoded;
  const checksummed = (fields.s_feature_ro_compat & RO_COMPAT_NAMES.metadata_csum) !== 0;
  if (
    checksummed &&
    superblockChecksum(bytes.subarray(0, SUPERBLOCK.s_checksum.offset)) !== fields.s_checksum
  ) {
    throw broken(WHERE, "its checksum is wrong");
  }
  if (fields.s_rev_level > EXT4_DYNAMIC_REV) throw broken(WHERE, `revision ${fields.s_rev_level} is unknown`);
  refuseUnknownFeatures(fields.s_feature_incompat);
  if (fields.s_log_block_size > MAXIMUM_LOG_BLOCK_SIZE) throw broken(WHERE, "the block size is impossible");
  const wide = (fields.s_feature_incompat & INCOMPAT_NAMES["64bit"]) !== 0;
  const whole = (low: number, high: number): number => (wide ? high * 2 ** 32 : 0) + low;
  const blocks = whole(fields.s_blocks_count_lo, fields.s_blocks_count_hi);
  const bigalloc = (fields.s_feature_ro_compat & RO_COMPAT_NAMES.bigalloc) !== 0;
  return {
    fields,
    bytes,
    features: featuresOf(fields),
    blockSize: 1024 * 2 ** fields.s_log_block_size,
    blocks,
    reservedBlocks: whole(fields.s_r_blocks_count_lo, fields.s_r_blocks_count_hi),
    freeBlocks: whole(fields.s_free_blocks_count_lo, fields.s_free_blocks_count_hi),
    blocksPerGroup: fields.s_blocks_per_group,
    blocksPerCluster: bigalloc ? 2 ** (fields.s_log_cluster_size - fields.s_log_block_size) : 1,
    groups: Math.ceil((blocks - fields.s_first_data_block) / fields.s_blocks_per_group),
    inodesPerGroup: fields.s_inodes_per_group,
    inodeSize: fields.s_inode_size,
    firstInode: fields.s_first_ino,
    descriptorSize: wide ? fields.s_desc_size : OLD_DESCRIPTOR_SIZE,
    seed:
      (fields.s_feature_incompat & INCOMPAT_NAMES.metadata_csum_seed) === 0
        ? filesystemSeed(fields.s_uuid)
        : fields.s_checksum_seed,
  };
}

/** Of revision 0, all from s_first_ino on has no meaning. */
function withoutRevisionFields(fields: SuperblockFields): SuperblockFields {
  const empty = decode(SUPERBLOCK, new DataView(new ArrayBuffer(SUPERBLOCK_SIZE)), 0);
  const old = Object.entries(SUPERBLOCK).filter(([, { offset }]) => offset < SUPERBLOCK.s_first_ino.offset);
  const kept = Object.fromEntries(old.map(([name]) => [name, fields[name as keyof SuperblockFields]]));
  return {
    ...empty,
    ...kept,
    s_first_ino: EXT4_GOOD_OLD_FIRST_INO,
    s_inode_size: EXT4_GOOD_OLD_INODE_SIZE,
  };
}

function featuresOf(fields: SuperblockFields): ReadonlySet<FeatureName> {
  const names = featureNames({
    compat: fields.s_feature_compat,
    incompat: fields.s_feature_incompat,
    roCompat: fields.s_feature_ro_compat,
  });
  return new Set(names as FeatureName[]);
}

function checkGeometry(superblock: Superblock): void {
  const { fields, features, blockSize, blocks, blocksPerCluster, descriptorSize, inodeSize } = superblock;
  const check = (valid: boolean, what: string): void => {
    if (!valid) throw broken(WHERE, what);
  };
  const { s_blocks_per_group, s_inodes_per_group, s_first_data_block } = fields;
  const bitsInBlock = blockSize * 8;
  check(Number.isInteger(blocksPerCluster) && blocksPerCluster <= 2 ** 16, "the cluster size is impossible");
  check(
    s_blocks_per_group >= MINIMUM_BLOCKS_PER_GROUP &&
      s_blocks_per_group % (8 * blocksPerCluster) === 0 &&
      s_blocks_per_group / blocksPerCluster <= bitsInBlock,
    `${s_blocks_per_group} blocks per group are impossible`,
  );
  check(
    s_first_data_block <= 1 && s_first_data_block * blockSize <= 1024,
    "the first data block is impossible",
  );
  check(blocks > s_first_data_block && Number.isSafeInteger(blocks), `${blocks} blocks are impossible`);
  check(
    isPowerOfTwo(inodeSize) && inodeSize >= EXT4_GOOD_OLD_INODE_SIZE && inodeSize <= blockSize,
    `inodes of ${inodeSize} bytes are impossible`,
  );
  const inodesPerBlock = blockSize / inodeSize;
  check(
    s_inodes_per_group >= inodesPerBlock &&
      s_inodes_per_group <= bitsInBlock &&
      s_inodes_per_group % inodesPerBlock === 0,
    `${s_inodes_per_group} inodes per group are impossible`,
  );
  check(
    fields.s_inodes_count === superblock.groups * s_inodes_per_group,
    `${fields.s_inodes_count} inodes are not ${superblock.groups} groups of ${s_inodes_per_group}`,
  );
  check(
    fields.s_first_ino >= EXT4_GOOD_OLD_FIRST_INO && fields.s_first_ino <= fields.s_inodes_count,
    `${fields.s_first_ino} cannot be the first inode`,
  );
  const wide = features.has("64bit");
  check(
    isPowerOfTwo(descriptorSize) &&
      descriptorSize <= blockSize &&
      (!wide || descriptorSize >= DESCRIPTOR_SIZE),
    `group descriptors of ${descriptorSize} bytes are impossible`,
  );
  check(
    !features.has("metadata_csum") || fields.s_checksum_type === EXT4_CRC32C_CHKSUM,
    `checksums of type ${fields.s_checksum_type} are unknown`,
  );
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}

/** The chain that checksums of an inode and of what belongs to it begin with. */
export function seedOfInode(seed: number, number: number, generation: number): number {
  return crcOfNumber(crcOfNumber(seed, number), generation);
}
