import { assert } from "../errors.ts";
import type { Directory, Timestamp } from "../tree/inode.ts";
import { type Contents, contentSpace } from "./content-space.ts";
import { directoryHash } from "./dirhash.ts";
import { treeBlocks } from "./extent-tree.ts";
import { groupLayout } from "./group-layout.ts";
import { type GroupStatistics, groupStatistics, lastInode } from "./group-statistics.ts";
import { planNamespace } from "./namespace.ts";
import { ownBlocks, type Placement, place } from "./placement.ts";
import type { Namespace } from "./planned-inode.ts";
import { chooseSize, type Demand, useSize } from "./size.ts";

export type { Contents } from "./content-space.ts";

export interface Ext4Options {
  /** 16 bytes, not all zero. */
  readonly uuid: Uint8Array;
  /** 16 bytes that directory hashes begin with. */
  readonly hashSeed: Uint8Array;
  /** Up to 16 bytes, one character each. */
  readonly label: string;
  /** Of the superblock, the journal's inode and lost+found. */
  readonly time: Timestamp;
  /** Size of the whole; undefined: what is used and free space of a quarter of that, at least 64 MiB. */
  readonly blocks: number | undefined;
  /** Whether to make a lost+found where the tree has none. */
  readonly lostAndFound: boolean;
}

/** A filesystem that is settled down to the last block, ready for `emitExt4`. */
export interface Ext4Plan {
  /** Blocks of the filesystem: the size asked for, but for a last group too short to be used. */
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly inodes: number;
  readonly freeInodes: number;
  readonly groups: number;
  readonly namespace: Namespace;
  readonly placement: Placement;
  readonly statistics: GroupStatistics;
  readonly options: Ext4Options;
}

const LABEL_SIZE = 16;

/**
 * Settles everything about the filesystem but the contents, which are in place. Pure: same tree, contents and options,
 * same plan. Throws E_SIZE_TOO_SMALL with the size that is needed and E_FILESYSTEM_LIMIT naming the path.
 */
export function planExt4(root: Directory, contents: Contents, options: Ext4Options): Ext4Plan {
  checkOptions(contents, options);
  const hash = directoryHash(options.hashSeed, "signed");
  const namespace = planNamespace(root, { hash, lostAndFound: options.lostAndFound, time: options.time });
  const space = contentSpace(namespace.inodes, contents);
  const demand: Demand = {
    blocks: space.liveBlocks + treeDemand(namespace),
    contentEnd: space.liveEnd,
    inodes: lastInode(namespace),
    descriptorBlocks: contents.geometry.descriptorBlocks,
  };
  const attempt = (blocks: number): Placement | undefined => {
    const layout = blocks < space.liveEnd ? undefined : groupLayout(blocks, demand.inodes);
    if (layout === undefined) return undefined;
    assert(layout.descriptorBlocks <= demand.descriptorBlocks, "the filesystem outgrows its geometry");
    return place(namespace, space, layout);
  };
  const placement =
    options.blocks === undefined ? chooseSize(demand, attempt) : useSize(options.blocks, demand, attempt);
  const { layout, freeBlocks } = placement;
  const inodes = layout.groups * layout.inodesPerGroup;
  return {
    blocks: layout.blocks,
    freeBlocks,
    inodes,
    freeInodes: inodes - demand.inodes,
    groups: layout.groups,
    namespace,
    placement,
    statistics: groupStatistics(namespace, placement),
    options,
  };
}

function checkOptions({ geometry }: Contents, { uuid, hashSeed, label, blocks }: Ext4Options): void {
  assert(uuid.length === 16 && uuid.some((byte) => byte !== 0), "the UUID must be 16 bytes, not all zero");
  assert(hashSeed.length === 16, "the hash seed must be 16 bytes");
  assert(label.length <= LABEL_SIZE, "the label must be at most 16 bytes");
  assert(
    blocks === undefined || blocks <= geometry.maximumBlocks,
    "the size asked for exceeds the geometry's",
  );
}

/** Blocks that the tree needs besides contents, as far as they do not depend on places. */
function treeDemand({ inodes, xattrBlocks }: Namespace): number {
  let blocks = xattrBlocks.length;
  for (const planned of inodes) blocks += ownBlocks(planned) + treeBlocks(planned.extents.length);
  return blocks;
}
