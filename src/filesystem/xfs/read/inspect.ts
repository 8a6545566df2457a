/** What a superblock says of its filesystem, for printing. */

import { type FilesystemFacts, textOf, uuidText } from "../../reading/facts.ts";
import { featureNames } from "./features.ts";
import type { XfsFilesystem } from "./filesystem.ts";
import type { LogState } from "./log.ts";

/** What a superblock of XFS says; sizes are bytes. */
export interface XfsFacts extends FilesystemFacts {
  readonly type: "xfs";
  readonly log: LogState;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly logBlocks: number;
  /** Those that there is room for now: more are made as they are needed. */
  readonly inodes: number;
  readonly freeInodes: number;
  /** Bytes of an inode. */
  readonly inodeSize: number;
  /** Bytes of a sector. */
  readonly sectorSize: number;
  /** Allocation groups, and the blocks of each but the last. */
  readonly groups: number;
  readonly blocksPerGroup: number;
}

export function inspect(filesystem: XfsFilesystem): XfsFacts {
  const { volume, log } = filesystem;
  const { fields, blockSize, blocks } = volume.superblock;
  return {
    type: "xfs",
    uuid: uuidText(fields.sb_uuid),
    label: textOf(fields.sb_fname),
    features: featureNames({ roCompat: fields.sb_features_ro_compat, incompat: fields.sb_features_incompat }),
    log,
    clean: log === "clean" && !volume.has("needsrepair"),
    blockSize,
    size: blocks * blockSize,
    free: fields.sb_fdblocks * blockSize,
    blocks,
    freeBlocks: fields.sb_fdblocks,
    logBlocks: fields.sb_logblocks,
    inodes: fields.sb_icount,
    freeInodes: fields.sb_ifree,
    inodeSize: fields.sb_inodesize,
    sectorSize: fields.sb_sectsize,
    groups: fields.sb_agcount,
    blocksPerGroup: fields.sb_agblocks,
    // The superblock has no time; the root was made with it.
    created: filesystem.root.created,
  };
}
