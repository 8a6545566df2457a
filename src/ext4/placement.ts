/** Where everything lies that is not contents, for one size of the filesystem. */
import { assert } from "../errors.ts";
import type { Run } from "../output/blocks.ts";
import type { Extent } from "../tree/inode.ts";
import type { ContentSpace } from "./content-space.ts";
import { type Mapping, NO_MAPPING, normalizeExtents, treeBlocks } from "./extent-tree.ts";
import { I_BLOCK_SIZE } from "./format/inode.ts";
import { FreeSpace } from "./free-space.ts";
import { BLOCKS_PER_GROUP } from "./geometry.ts";
import { fixedRuns, GROUPS_PER_FLEX, type GroupLayout } from "./group-layout.ts";
import type { Namespace, PlannedInode } from "./planned-inode.ts";
import { below, blocksIn, RunCollector, type RunSet, subtract } from "./runs.ts";

export interface Placement {
  readonly layout: GroupLayout;
  /** For each group the block of its block bitmap, of its inode bitmap and the first one of its inode table. */
  readonly blockBitmaps: Float64Array;
  readonly inodeBitmaps: Float64Array;
  readonly inodeTables: Float64Array;
  readonly journal: Mapping;
  /** For each inode of the namespace. */
  readonly mappings: readonly Mapping[];
  /** For each block of attributes the block it lies in. */
  readonly xattrBlocks: readonly number[];
  /** Every free block. */
  readonly free: RunSet;
  readonly freeBlocks: number;
  /** Free blocks that still hold contents nobody refers to. */
  readonly stale: RunSet;
}

/** Blocks of content that an inode gets here: a directory's, or those of a symlink too long for its inode. */
export function ownBlocks({ node, directory }: PlannedInode): number {
  if (directory !== undefined) return directory.blocks;
  return node.type === "symlink" && node.target.length >= I_BLOCK_SIZE ? 1 : 0;
}

/**
 * Places all metadata, or returns undefined if there is no room. Bitmaps and inode tables lie near the head of their
 * flex group, the journal in the first gap that holds it, and the blocks of the tree lowest first: in blocks with
 * stale contents while there are any, since those must be overwritten anyway. What is not written in full (the
 * journal, bitmaps and inodes not in use) lies only where nothing was ever written, so that it reads as zeros.
 */
export function place(
  namespace: Namespace,
  contents: ContentSpace,
  layout: GroupLayout,
): Placement | undefined {
  const fixed = fixedRuns(layout);
  const all: RunSet = { starts: [0], ends: [layout.blocks] };
  const unwritten = subtract(subtract(all, fixed), contents.written);
  const accounted = blocksIn(unwritten) + blocksIn(fixed) + blocksIn(below(contents.written, layout.blocks));
  assert(accounted === layout.blocks, "contents lie where a superblock or group descriptors must");
  const fresh = new FreeSpace(unwritten);
  const stale = new FreeSpace(below(contents.stale, layout.blocks));
  const flex = placeGroups(layout, fresh);
  const journalStart = fresh.take(layout.journalBlocks, 0);
  if (flex === undefined || journalStart === undefined) return undefined;
  const tree = new TreePlacer(stale, fresh);
  const journalRun = [{ start: journalStart, length: layout.journalBlocks }];
  const journal = tree.map(extentsOf(journalRun));
  const { mappings, xattrBlocks } = tree.place(namespace);
  if (tree.exhausted) return undefined;
  const staleLeft = collect(stale);
  const free = collect(stale, fresh);
  const freeBlocks = blocksIn(free);
  return { layout, ...flex, journal, mappings, xattrBlocks, free, freeBlocks, stale: staleLeft };
}

type FlexPlacement = Pick<Placement, "blockBitmaps" | "inodeBitmaps" | "inodeTables">;

/** Each flex group in turn: its block bitmaps, its inode bitmaps, its inode tables. */
function placeGroups(layout: GroupLayout, space: FreeSpace): FlexPlacement | undefined {
  const blockBitmaps = new Float64Array(layout.groups);
  const inodeBitmaps = new Float64Array(layout.groups);
  const inodeTables = new Float64Array(layout.groups);
  for (let first = 0; first < layout.groups; first += GROUPS_PER_FLEX) {
    const end = Math.min(first + GROUPS_PER_FLEX, layout.groups);
    const from = first * BLOCKS_PER_GROUP;
    const placed =
      placeEach(space, blockBitmaps, first, end, 1, from) &&
      placeEach(space, inodeBitmaps, first, end, 1, from) &&
      placeEach(space, inodeTables, first, end, layout.tableBlocks, from);
    if (!placed) return undefined;
  }
  return { blockBitmaps, inodeBitmaps, inodeTables };
}

function placeEach(
  space: FreeSpace,
  places: Float64Array,
  first: number,
  end: number,
  length: number,
  from: number,
): boolean {
  for (let group = first; group < end; group++) {
    const start = space.take(length, from);
    if (start === undefined) return false;
    places[group] = start;
  }
  return true;
}

/** Gives blocks to directories, symlinks, attributes and extent trees, in the order of the inodes. */
class TreePlacer {
  exhausted = false;
  readonly #stale: FreeSpace;
  readonly #fresh: FreeSpace;

  constructor(stale: FreeSpace, fresh: FreeSpace) {
    this.#stale = stale;
    this.#fresh = fresh;
  }

  place({ inodes, xattrBlocks }: Namespace): Pick<Placement, "mappings" | "xattrBlocks"> {
    const mappings = inodes.map((planned) => {
      const blocks = ownBlocks(planned);
      return this.map(blocks === 0 ? planned.extents : extentsOf(this.#take(blocks)));
    });
    return { mappings, xattrBlocks: blocksOf(this.#take(xattrBlocks.length)) };
  }

  /** The extents with blocks for their tree. */
  map(extents: readonly Extent[]): Mapping {
    if (extents.length === 0) return NO_MAPPING;
    const nodes = treeBlocks(extents.length);
    return { extents, nodes: nodes === 0 ? NO_MAPPING.nodes : blocksOf(this.#take(nodes)) };
  }

  #take(count: number): Run[] {
    const runs: Run[] = [];
    const taken = this.#stale.takeLowest(count, runs);
    if (taken + this.#fresh.takeLowest(count - taken, runs) < count) this.exhausted = true;
    return runs;
  }
}

/** Runs that hold a file's blocks one after the other, as its extents. */
function extentsOf(runs: readonly Run[]): readonly Extent[] {
  const extents: Extent[] = [];
  let logical = 0;
  for (const { start, length } of runs) {
    extents.push({ logical, physical: start, length });
    logical += length;
  }
  return normalizeExtents(extents);
}

function blocksOf(runs: readonly Run[]): number[] {
  const blocks: number[] = [];
  for (const { start, length } of runs) {
    for (let i = 0; i < length; i++) blocks.push(start + i);
  }
  return blocks;
}

function collect(...spaces: readonly FreeSpace[]): RunSet {
  const runs = new RunCollector();
  for (const space of spaces) space.collect(runs);
  return runs.union("forbidden", "free space");
}
