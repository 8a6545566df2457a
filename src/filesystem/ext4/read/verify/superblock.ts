/** The superblock's own fields, and its copies. */

import { decode, viewOf } from "../../../../blocks/field.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { superblockChecksum } from "../../format/checksum.ts";
import { RO_COMPAT_NAMES } from "../../format/feature-names.ts";
import {
  EXT4_ENC_UTF8_12_1,
  EXT4_ERROR_FS,
  EXT4_SUPER_MAGIC,
  EXT4_VALID_FS,
  SUPERBLOCK,
  SUPERBLOCK_SIZE,
} from "../../format/superblock.ts";
import { firstBlockOf, hasSuperblock } from "../group-descriptor.ts";
import { extraSizeIsPossible } from "../inode.ts";
import type { Superblock } from "../superblock.ts";
import type { Check } from "./check.ts";

const WHERE = "superblock";
const POINTER_SIZE = 4;

/** What a copy must have in common with the superblock. Counts, times and states of a copy are out of date. */
const COMMON = [
  "s_inodes_count",
  "s_blocks_count_lo",
  "s_blocks_count_hi",
  "s_first_data_block",
  "s_log_block_size",
  "s_blocks_per_group",
  "s_inodes_per_group",
  "s_rev_level",
  "s_inode_size",
  "s_desc_size",
] as const;

/** Numbers of inodes that are there for a feature. */
const OWNED_INODES = [
  ["quota", "s_usr_quota_inum", "s_grp_quota_inum", "s_prj_quota_inum"],
  ["orphan_file", "s_orphan_file_inum"],
] as const;

export function* checkSuperblock(check: Check): Steps<void> {
  const { volume, findings } = check;
  const { superblock } = volume;
  const { fields, blockSize, blocks } = superblock;
  const expect = (condition: boolean, what: string) => findings.expect(condition, WHERE, what);
  expect((fields.s_state & EXT4_VALID_FS) !== 0, "the filesystem was not unmounted properly");
  expect((fields.s_state & EXT4_ERROR_FS) === 0, "the kernel noted an error in the filesystem");
  if (!check.isReplayed) checkOrphans(check);
  expect(superblock.reservedBlocks <= blocks / 2, "more than half of the blocks are reserved");
  expect(superblock.freeBlocks <= blocks, "more blocks are free than there are");
  expect(fields.s_first_data_block === (blockSize === 1024 ? 1 : 0), "the first data block is wrong");
  expect(
    fields.s_log_cluster_size === fields.s_log_block_size || fields.s_rev_level === 0,
    "clusters are not blocks, though the feature bigalloc is off",
  );
  expect(fields.s_clusters_per_group === superblock.blocksPerGroup, "groups have more clusters than blocks");
  expect(fields.s_log_groups_per_flex < 32, "its groups are put together in impossible numbers");
  checkFeatures(check, superblock, expect);
  expect(
    volume.has("64bit") || [0, 32, 64].includes(fields.s_desc_size),
    `descriptors of ${fields.s_desc_size} bytes, though the feature 64bit is off`,
  );
  expect(
    fields.s_reserved_gdt_blocks <= blockSize / POINTER_SIZE,
    `${fields.s_reserved_gdt_blocks} blocks reserved for descriptors are too many`,
  );
  for (const name of ["s_min_extra_isize", "s_want_extra_isize"] as const) {
    const valid = extraSizeIsPossible(fields[name], superblock.inodeSize);
    expect(valid, `${name} cannot be ${fields[name]}`);
  }
  yield* checkCopies(check);
}

/** Nothing waits to be deleted once a filesystem is unmounted. In one in use, what waits is found where it is. */
function checkOrphans({ volume, findings }: Check): void {
  const { s_last_orphan } = volume.superblock.fields;
  findings.expect(s_last_orphan === 0, WHERE, `inode ${s_last_orphan} waits to be deleted`);
  findings.expect(!volume.has("orphan_present"), WHERE, "inodes in the orphan file wait to be deleted");
}

function checkFeatures(
  { volume }: Check,
  { fields }: Superblock,
  expect: (condition: boolean, what: string) => void,
): void {
  const both = volume.has("metadata_csum") && volume.has("uninit_bg");
  expect(!both, "the features metadata_csum and uninit_bg exclude each other");
  expect(
    !volume.has("resize_inode") || !volume.has("meta_bg"),
    "resize_inode and meta_bg exclude each other",
  );
  const { groups, descriptorSize, blockSize } = volume.superblock;
  const descriptorBlocks = Math.ceil((groups * descriptorSize) / blockSize);
  expect(
    !volume.has("meta_bg") || fields.s_first_meta_bg <= descriptorBlocks,
    "meta_bg begins past the last group",
  );
  expect(
    volume.has("resize_inode") || fields.s_reserved_gdt_blocks === 0,
    "blocks are reserved for descriptors, though the feature resize_inode is off",
  );
  const external = fields.s_journal_dev !== 0 || fields.s_journal_uuid.some((byte) => byte !== 0);
  const internal = fields.s_journal_inum !== 0;
  expect(
    volume.has("has_journal") === (internal || external) && !(internal && external),
    "the journal is not at one place, or has_journal does not say that there is one",
  );
  for (const [feature, ...numbers] of OWNED_INODES) {
    const owned = numbers.some((name) => fields[name] !== 0);
    expect(volume.has(feature) || !owned, `there is an inode for the feature ${feature}, which is off`);
  }
  expect(
    !volume.has("casefold") || fields.s_encoding === EXT4_ENC_UTF8_12_1,
    `the encoding ${fields.s_encoding} of names whose case does not count is unknown`,
  );
  expect(
    !volume.has("orphan_present") || volume.has("orphan_file"),
    "the feature orphan_present needs the feature orphan_file",
  );
  expect(!volume.has("orphan_file") || volume.has("has_journal"), "an orphan file needs a journal");
  expect(!volume.has("64bit") || volume.has("extent"), "the feature 64bit needs the feature extent");
  expect(
    !volume.has("metadata_csum_seed") || volume.has("metadata_csum"),
    "the feature metadata_csum_seed needs the feature metadata_csum",
  );
}

function* checkCopies(check: Check): Steps<void> {
  const { volume, findings } = check;
  const { superblock, image } = volume;
  for (let group = 1; group < superblock.groups; group++) {
    yield;
    if (!hasSuperblock(superblock, group)) continue;
    const where = `superblock of group ${group}`;
    const bytes = image.read(firstBlockOf(superblock, group) * superblock.blockSize, SUPERBLOCK_SIZE);
    if (bytes.length < SUPERBLOCK_SIZE) {
      findings.add(where, "it is cut short");
      return;
    }
    const copy = decode(SUPERBLOCK, viewOf(bytes), 0);
    if (copy.s_magic !== EXT4_SUPER_MAGIC) {
      findings.add(where, "it has no magic number");
      continue;
    }
    if ((copy.s_feature_ro_compat & RO_COMPAT_NAMES.metadata_csum) !== 0) {
      const checksum = superblockChecksum(bytes.subarray(0, SUPERBLOCK.s_checksum.offset));
      findings.expect(checksum === copy.s_checksum, where, "its checksum is wrong");
    }
    const different = COMMON.filter((name) => copy[name] !== superblock.fields[name]);
    findings.expect(different.length === 0, where, `it differs in ${different.join(", ")}`);
  }
}
