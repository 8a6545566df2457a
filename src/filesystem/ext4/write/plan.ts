import { contentSpace, type WrittenBlocks } from "../../../blocks/content-space.ts";
import { assert } from "../../../errors.ts";
import type { Directory } from "../../../tree/inode.ts";
import type { Steps } from "../../../waiting/steps.ts";
import type { Attempt } from "../../kind/least-size.ts";
import type { SizeChoice } from "../../kind/size.ts";
import { filesystemSeed } from "../format/checksum.ts";
import { directoryHash } from "../format/dirhash.ts";
import type { Demand } from "./demand.ts";
import type { Geometry } from "./geometry.ts";
import { groupLayout, leastEnd } from "./group-layout.ts";
import { type GroupStatistics, groupStatistics, lastInode } from "./group-statistics.ts";
import type { MapForm } from "./mapping.ts";
import { minimumSize } from "./minimum-size.ts";
import { planNamespace } from "./namespace.ts";
import { checkForms, type Ext4Options, layoutRule, sizeToFind } from "./options.ts";
import { ownBlocks, type Placement, place } from "./placement.ts";
import type { Namespace } from "./planned-inode.ts";
import { chooseSize, useSize } from "./size.ts";
import type { Variant } from "./variant.ts";

export type { Ext4Options, JournalChoice } from "./options.ts";

/** What became of the blocks while contents arrived, and what was kept free. */
export interface Contents extends WrittenBlocks {
  readonly geometry: Geometry;
}

/** A filesystem that is settled down to the last block, ready for `emitExt4`. */
export interface Ext4Plan {
  /** ext4, ext3 or ext2, as the geometry was made for. */
  readonly variant: Variant;
  /** Blocks of the filesystem: the size asked for, but for a last group too short to be used. */
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly inodes: number;
  readonly freeInodes: number;
  readonly groups: number;
  /** Blocks of the journal; 0 if there is none. */
  readonly journalBlocks: number;
  readonly namespace: Namespace;
  readonly placement: Placement;
  readonly statistics: GroupStatistics;
  readonly options: Ext4Options;
}

/**
 * Settles everything about the filesystem but the contents, which are in place. Pure: same tree, contents and options,
 * same plan. Throws E_SIZE_TOO_SMALL with what is needed, E_FILESYSTEM_LIMIT naming the path, and E_USAGE for a journal
 * that cannot be.
 */
export function* planExt4(root: Directory, contents: Contents, options: Ext4Options): Steps<Ext4Plan> {
  const { variant, descriptorBlocks } = contents.geometry;
  checkForms(contents.geometry, options);
  const { lostAndFound, time } = options;
  const hash = directoryHash(options.hashSeed, "signed");
  const namespace = yield* planNamespace(root, {
    variant,
    hash,
    lostAndFound,
    time,
    seed: filesystemSeed(options.uuid),
  });
  const space = contentSpace(namespace.inodes, contents);
  const rule = layoutRule(options, variant, lastInode(namespace));
  const demand: Demand = {
    blocks: space.liveBlocks + treeDemand(namespace, variant.map),
    descriptorBlocks,
    rule,
  };
  const attempt = function* (blocks: number): Steps<Placement | undefined> {
    const layout = groupLayout(blocks, rule);
    if (layout === undefined || blocks < leastEnd(layout)) return undefined;
    yield;
    assert(layout.descriptorBlocks <= descriptorBlocks, "the filesystem outgrows its geometry");
    return place(namespace, space, layout);
  };
  const placement = yield* findSize(sizeToFind(options), demand, attempt);
  const { layout, freeBlocks } = placement;
  const inodes = layout.groups * layout.inodesPerGroup;
  return {
    variant,
    blocks: layout.blocks,
    freeBlocks,
    inodes,
    freeInodes: inodes - rule.usedInodes,
    groups: layout.groups,
    journalBlocks: layout.journalBlocks,
    namespace,
    placement,
    statistics: groupStatistics(namespace, placement),
    options,
  };
}

function findSize(size: SizeChoice, demand: Demand, attempt: Attempt<Placement>): Steps<Placement> {
  if (size.kind === "fixed") return useSize(size.blocks, demand, attempt);
  if (size.kind === "min") return minimumSize(demand, attempt);
  return chooseSize(demand, size.free ?? "default", attempt);
}

/** Blocks that the tree needs besides contents, as far as they do not depend on places. */
function treeDemand({ inodes, xattrBlocks }: Namespace, form: MapForm): number {
  let blocks = xattrBlocks.length;
  for (const planned = inodes.from(0); planned.index < inodes.length; planned.index++) {
    const own = ownBlocks(planned);
    const extents =
      own === 0 ? inodes.passingExtents(planned.index) : [{ logical: 0, physical: 0, length: own }];
    blocks += own + form.nodeCount(extents);
  }
  return blocks;
}
