/** Places for the blocks of the tree: directories, symlinks, attributes and the trees of extents. */
import type { Extent, Run } from "../../../blocks/blocks.ts";
import { normalizeExtents } from "../../../blocks/extents.ts";
import { FreeSpace } from "../../../blocks/free-space.ts";
import { intersect, RunCollector, type RunSet, subtract } from "../../../blocks/runs.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { LARGEST_EXTENT } from "../format/bmbt.ts";
import { bmapNodes, type Mapping, NO_MAPPING } from "./bmap.ts";
import { directoryRuns, type LogicalRun } from "./directory-layout.ts";
import type { Namespace, PlannedInode } from "./planned-inode.ts";

/** Where the blocks of an inode's forks lie. */
export interface PlacedForks {
  readonly data: Mapping;
  readonly attributes: Mapping;
}

const INODES_PER_STEP = 4096;
const NO_RUNS: readonly LogicalRun[] = [];
const ONE_BLOCK: readonly LogicalRun[] = [{ logical: 0, length: 1 }];

/** The blocks of its data fork that an inode gets here: a directory's, or a long symlink's. */
export function ownRuns({ node, directory, forks }: PlannedInode): readonly LogicalRun[] {
  if (directory?.blocks !== undefined) return directoryRuns(directory.blocks);
  return node.type === "symlink" && !forks.localData ? ONE_BLOCK : NO_RUNS;
}

/** Blocks that an inode gets here, trees of scattered extents aside. */
export function ownBlocks(planned: PlannedInode, extents: readonly Extent[]): number {
  const { forks, attributes } = planned;
  let blocks = attributes?.blocks?.blocks ?? 0;
  for (const { length } of ownRuns(planned)) blocks += length;
  return blocks + bmapNodes(extents.length, forks.dataBytes);
}

/** Gives blocks to inodes in their order, those with stale contents first. */
export class TreePlacer {
  exhausted = false;
  readonly #stale: FreeSpace;
  readonly #fresh: FreeSpace;

  constructor(free: RunSet, written: RunSet) {
    this.#stale = new FreeSpace(intersect(free, written));
    this.#fresh = new FreeSpace(subtract(free, written));
  }

  /** `moved`: the extents of files whose contents do not stay where they are. */
  *place(
    namespace: Namespace,
    moved: ReadonlyMap<number, readonly Extent[]>,
  ): Steps<ReadonlyMap<number, PlacedForks>> {
    const placed = new Map<number, PlacedForks>();
    for (const planned = namespace.from(0); planned.index < namespace.length; planned.index++) {
      const { index, forks, attributes } = planned;
      if (index % INODES_PER_STEP === 0) yield;
      const own = ownRuns(planned);
      const blocks = attributes?.blocks?.blocks ?? 0;
      const elsewhere = own.length > 0 ? this.#extentsOf(own) : moved.get(index);
      const isSettled = elsewhere === undefined && blocks === 0;
      if (isSettled && bmapNodes(namespace.passingExtents(index).length, forks.dataBytes) === 0) continue;
      const data = this.#map(elsewhere ?? planned.extents, forks.dataBytes);
      const outside =
        blocks === 0
          ? NO_MAPPING
          : this.#map(this.#extentsOf([{ logical: 0, length: blocks }]), forks.attrBytes);
      placed.set(index, { data, attributes: outside });
    }
    return placed;
  }

  /** What is free still. */
  left(): RunSet {
    const runs = new RunCollector();
    this.#stale.collect(runs);
    this.#fresh.collect(runs);
    return runs.union("forbidden", "free space");
  }

  /** The extents with blocks for what says where they are. */
  #map(extents: readonly Extent[], forkBytes: number): Mapping {
    if (extents.length === 0) return NO_MAPPING;
    const nodes = bmapNodes(extents.length, forkBytes);
    return { extents, nodes: nodes === 0 ? NO_MAPPING.nodes : blocksOf(this.#take(nodes)) };
  }

  #extentsOf(runs: readonly LogicalRun[]): readonly Extent[] {
    const extents: Extent[] = [];
    for (const { logical, length } of runs) {
      let done = 0;
      for (const run of this.#take(length)) {
        extents.push({ logical: logical + done, physical: run.start, length: run.length });
        done += run.length;
      }
    }
    return normalizeExtents(extents, LARGEST_EXTENT);
  }

  #take(count: number): Run[] {
    const runs: Run[] = [];
    const taken = this.#stale.takeLowest(count, runs);
    if (taken + this.#fresh.takeLowest(count - taken, runs) < count) this.exhausted = true;
    return runs;
  }
}

function blocksOf(runs: readonly Run[]): number[] {
  const blocks: number[] = [];
  for (const { start, length } of runs) {
    for (let i = 0; i < length; i++) blocks.push(start + i);
  }
  return blocks;
}
