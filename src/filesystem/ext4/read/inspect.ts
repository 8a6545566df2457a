/** What a superblock says of its filesystem, for printing. */

import type { Timestamp } from "../../../tree/inode.ts";
import { type FilesystemFacts, textOf, uuidText } from "../../reading/facts.ts";
import type { Replay } from "../../reading/filesystem.ts";
import { EXT4_ERROR_FS, EXT4_VALID_FS } from "../format/superblock.ts";
import type { FeatureName } from "./features.ts";
import type { Ext4Filesystem, JournalState } from "./filesystem.ts";

/** What a superblock says; sizes are bytes. */
export interface Ext4Facts extends FilesystemFacts {
  /** By its features, as mke2fs -t would name it. */
  readonly type: "ext2" | "ext3" | "ext4";
  /** Where it was last mounted; bytes, one character each. */
  readonly lastMounted: string;
  readonly features: readonly FeatureName[];
  readonly journal: JournalState;
  /** What was replayed in memory, if anything was: all other facts are as after that. */
  readonly replay?: Replay;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly reservedBlocks: number;
  readonly freeInodes: number;
  /** Bytes of an inode. */
  readonly inodeSize: number;
  readonly groups: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  /** Undefined where it never happened. */
  readonly mounted: Timestamp | undefined;
  readonly written: Timestamp | undefined;
  readonly checked: Timestamp | undefined;
  readonly mounts: number;
}

/** Features that ext3 does not have; has_journal alone sets it apart from ext2. */
const ONLY_EXT4: readonly FeatureName[] = [
  "extent",
  "64bit",
  "flex_bg",
  "mmp",
  "ea_inode",
  "inline_data",
  "uninit_bg",
  "huge_file",
  "dir_nlink",
  "extra_isize",
  "metadata_csum",
  "bigalloc",
];

export function inspect(filesystem: Ext4Filesystem): Ext4Facts {
  const { superblock, journal, replay } = filesystem;
  const { fields, blockSize, blocks, freeBlocks } = superblock;
  return {
    type: typeOf(superblock.features),
    uuid: uuidText(fields.s_uuid),
    label: textOf(fields.s_volume_name),
    lastMounted: textOf(fields.s_last_mounted),
    features: [...superblock.features],
    journal,
    ...(replay === undefined ? {} : { replay }),
    clean:
      (fields.s_state & EXT4_VALID_FS) !== 0 &&
      (fields.s_state & EXT4_ERROR_FS) === 0 &&
      (journal === "clean" || journal === "none"),
    blockSize,
    size: blocks * blockSize,
    free: freeBlocks * blockSize,
    blocks,
    freeBlocks,
    reservedBlocks: superblock.reservedBlocks,
    inodes: fields.s_inodes_count,
    freeInodes: fields.s_free_inodes_count,
    inodeSize: superblock.inodeSize,
    groups: superblock.groups,
    blocksPerGroup: superblock.blocksPerGroup,
    inodesPerGroup: superblock.inodesPerGroup,
    created: time(fields.s_mkfs_time, fields.s_mkfs_time_hi),
    mounted: time(fields.s_mtime, fields.s_mtime_hi),
    written: time(fields.s_wtime, fields.s_wtime_hi),
    checked: time(fields.s_lastcheck, fields.s_lastcheck_hi),
    mounts: fields.s_mnt_count,
  };
}

function typeOf(features: ReadonlySet<FeatureName>): Ext4Facts["type"] {
  if (ONLY_EXT4.some((feature) => features.has(feature))) return "ext4";
  return features.has("has_journal") ? "ext3" : "ext2";
}

function time(low: number, high: number): Timestamp | undefined {
  const seconds = high * 2 ** 32 + low;
  return seconds === 0 ? undefined : { seconds, nanoseconds: 0 };
}
