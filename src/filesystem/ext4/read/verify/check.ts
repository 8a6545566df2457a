/** What the passes of a check know together. */

import type { Findings } from "../../../reading/findings.ts";
import { broken } from "../broken.ts";
import type { Volume } from "../volume.ts";
import type { DiskXattr } from "../xattr-entries.ts";
import { BlockSet } from "./block-set.ts";
import { InodeRecords } from "./inode-records.ts";

/** A block of attributes: what it says of its sharers, and how many there are. */
export interface SharedBlock {
  readonly expected: number;
  references: number;
  /** What its values in inodes of their own add to each sharer's i_blocks, in blocks. */
  readonly charged: number;
}

/** An attribute whose value is in an inode of its own. */
export interface ValueUse {
  readonly where: string;
  readonly entry: DiskXattr;
}

/** An inode with the value of an attribute, or of several that are the same. */
export interface ValueInode {
  readonly size: number;
  /** The checksum of the value. */
  readonly hash: number;
  /** How many attributes have it, by its own count. */
  readonly expected: number;
  references: number;
}

export class Check {
  readonly volume: Volume;
  readonly findings: Findings;
  /** Whether the filesystem was in use when the image was left, and is checked as its journal has it. */
  readonly isReplayed: boolean;
  /** Blocks in use, and those of them that are superblocks, descriptors, bitmaps and inode tables. */
  readonly used: BlockSet;
  readonly fixed: BlockSet;
  /** Inodes in use; reserved ones only if they hold something. */
  readonly inodes = new InodeRecords();
  /** Numbers of directories whose blocks can be read. */
  readonly directories: number[] = [];
  /** For each directory the one that has its name, and the one that its ".." says. */
  readonly parents = new Map<number, number>();
  readonly dotDots = new Map<number, number>();
  readonly xattrBlocks = new Map<number, SharedBlock>();
  /** Attributes whose values are in inodes, and these inodes. */
  readonly valueUses: ValueUse[] = [];
  readonly valueInodes = new Map<number, ValueInode>();
  /** Whether what could not be read leaves blocks or names uncounted: comparing counts would only repeat that. */
  blocksAreComplete = true;
  namesAreComplete = true;

  constructor(volume: Volume, findings: Findings, isReplayed: boolean) {
    this.volume = volume;
    this.findings = findings;
    this.isReplayed = isReplayed;
    const { fields, blocksPerGroup } = volume.superblock;
    this.used = new BlockSet(fields.s_first_data_block, blocksPerGroup);
    this.fixed = new BlockSet(fields.s_first_data_block, blocksPerGroup);
  }

  /** Notes that `owner` uses the blocks. Throws E_INVALID_FILESYSTEM if something else does. */
  claim(owner: string, start: number, length: number): void {
    const twice = this.used.add(start, length);
    if (twice < 0) return;
    this.blocksAreComplete = false;
    throw broken(owner, `block ${twice} is also in use elsewhere`);
  }
}
