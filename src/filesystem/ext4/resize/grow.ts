/** A larger filesystem out of a finished one: what is to be written where, and in what order. */
import { high32 } from "../../../blocks/field.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { SUPERBLOCK_OFFSET } from "../format/superblock.ts";
import type { Superblock } from "../read/superblock.ts";
import type { Volume } from "../read/volume.ts";
import { freeClusters, newBitmaps, newDescriptor, usedClusters } from "./bitmaps.ts";
import { backups, firstCopy, readTable, type Table, tableWith } from "./descriptors.ts";
import { grownGeometry } from "./geometry.ts";
import { refuseUngrowable } from "./growable.ts";
import { type NewGroup, placeNewGroups } from "./new-groups.ts";
import { OldGroups } from "./old-groups.ts";
import { resizeInodeWrites } from "./resize-inode.ts";
import { withFields } from "./superblock.ts";
import { together, type Write } from "./write.ts";

export type { Write } from "./write.ts";

/** The three parts of a growth are written in this order, each on the disk before the next. */
export interface Growth {
  readonly before: Superblock;
  readonly after: Superblock;
  /** Past the old end, in any order: no filesystem is there yet. What is not written must read as zeros. */
  beyond(): Generator<Write>;
  /** Within the old filesystem, which sees it: all or nothing. The superblock is the last. */
  readonly within: readonly Write[];
  /** Backups within the old filesystem, which are looked at only where the rest is lost. */
  copies(): Generator<Write>;
}

/**
 * What makes the filesystem one of `blocks` blocks, or a few less where a last group would be too short. Undefined if it
 * has as many. Throws as refuseUngrowable does, E_FILESYSTEM_LIMIT for what cannot be so large, and E_INVALID_FILESYSTEM.
 */
export function* planGrowth(volume: Volume, blocks: number): Steps<Growth | undefined> {
  const before = volume.superblock;
  refuseUngrowable(before);
  const grown = grownGeometry(before, blocks);
  if (grown === undefined) return undefined;
  const added = yield* placeNewGroups(grown, before.groups);
  const groups = new OldGroups(volume, grown);
  groups.lengthenLast();
  const ofResizeInode = resizeInodeWrites(volume, grown, groups);
  const oldTable = yield* readTable(volume);
  const table = tableWith(grown, oldTable, [
    ...groups.descriptors(),
    ...(yield* newDescriptors(grown, added)),
  ]);
  const after = withFields(grown, counts(before, grown, added, groups.freed));
  const end = before.blocks * before.blockSize;
  const isBeyond = ({ position }: Write): boolean => position >= end;
  return {
    before,
    after,
    *beyond() {
      yield* together(newBitmaps(after, added));
      yield* together(filtered(firstCopy(after, table), isBeyond));
      yield* together(filtered(backups(after, table), isBeyond));
    },
    within: [
      ...together([
        ...groups.bitmaps(),
        ...ofResizeInode,
        ...changedDescriptors(after, table, oldTable, end),
      ]),
      { position: SUPERBLOCK_OFFSET, bytes: after.bytes },
    ],
    copies: () => together(filtered(backups(after, table), (write) => !isBeyond(write))),
  };
}

/** All backups, as they are to be by what the filesystem has in their stead. */
export function* backupsOf(volume: Volume): Steps<Iterable<Write>> {
  const table = yield* readTable(volume);
  return together(backups(volume.superblock, table));
}

function* newDescriptors(grown: Superblock, added: readonly NewGroup[]) {
  const descriptors: (readonly [group: number, bytes: Uint8Array])[] = [];
  for (const group of added) {
    descriptors.push([group.group, newDescriptor(grown, group)]);
    yield;
  }
  return descriptors;
}

/** Counts of what is free, and of what the filesystem takes for itself where it says so (0: the kernel counts). */
function counts(before: Superblock, grown: Superblock, added: readonly NewGroup[], freed: number) {
  const { blocksPerCluster, inodesPerGroup, features, fields } = before;
  const sum = (count: (group: NewGroup) => number) => added.reduce((total, group) => total + count(group), 0);
  const free = freed + sum((group) => freeClusters(grown, group));
  const freeBlocks = before.freeBlocks + free * blocksPerCluster;
  const overhead = fields.s_overhead_clusters;
  return {
    s_free_blocks_count_lo: freeBlocks,
    ...(features.has("64bit") ? { s_free_blocks_count_hi: high32(freeBlocks) } : {}),
    s_free_inodes_count: fields.s_free_inodes_count + added.length * inodesPerGroup,
    ...(overhead === 0 ? {} : { s_overhead_clusters: overhead + sum((group) => usedClusters(grown, group)) }),
  };
}

/** Blocks of the table's first copy within the old filesystem, as far as they become others. */
function* changedDescriptors(after: Superblock, table: Table, before: Table, end: number): Generator<Write> {
  for (const [index, write] of [...firstCopy(after, table)].entries()) {
    const old = before[index];
    const same = old?.every((byte, at) => byte === write.bytes[at]) ?? false;
    if (write.position < end && !same) yield write;
  }
}

function* filtered(writes: Iterable<Write>, wanted: (write: Write) => boolean): Generator<Write> {
  for (const write of writes) if (wanted(write)) yield write;
}
