/** Where everything lies that is not contents, for one size of the filesystem. */
import { assert } from "../errors.ts";
import { BLOCK_SIZE, type Run } from "../output/blocks.ts";
import type { Extent } from "../tree/inode.ts";
import type { ContentSpace } from "./content-space.ts";
import { normalizeExtents } from "./extent-tree.ts";
import { I_BLOCK_SIZE } from "./format/inode.ts";
import { FreeSpace } from "./free-space.ts";
import { BITMAPS, BLOCKS_PER_GROUP } from "./geometry.ts";
import { baseBlocks, fixedRuns, GROUPS_PER_FLEX, type GroupLayout } from "./group-layout.ts";
import { type MapForm, type Mapping, NO_MAPPING } from "./mapping.ts";
import type { Namespace, PlannedInode } from "./planned-inode.ts";
import { below, blocksIn, RunCollector, type RunSet, subtract } from "./runs.ts";

export interface Placement {
  readonly layout: GroupLayout;
  /** For each group the block of its block bitmap, of its inode bitmap and the first one of its inode table. */
  readonly blockBitmaps: Float64Array;
  readonly inodeBitmaps: Float64Array;
  readonly inodeTables: Float64Array;
  readonly journal: Mapping;
  /** By index, for inodes of the namespace whose blocks or nodes were given here; see `mappingOf`. */
  readonly mappings: ReadonlyMap<number, Mapping>;
  /** For each block of attributes the block it lies in. */
  readonly xattrBlocks: readonly number[];
  /** Every free block. */
  readonly free: RunSet;
  readonly freeBlocks: number;
  /** Free blocks that still hold contents nobody refers to. */
  readonly stale: RunSet;
}

/** Blocks of content that an inode gets here: a directory's, a long symlink's, or those of an attribute's value. */
export function ownBlocks({ node, directory, valueInode }: PlannedInode): number {
  if (valueInode !== undefined) return Math.ceil(valueInode.value.length / BLOCK_SIZE);
  if (directory !== undefined) return directory.blocks;
  return node.type === "symlink" && node.target.length >= I_BLOCK_SIZE ? 1 : 0;
}

/** Where the blocks of an inode of the namespace lie. */
export function mappingOf({ mappings }: Placement, index: number, { extents }: PlannedInode): Mapping {
  return mappings.get(index) ?? (extents.length === 0 ? NO_MAPPING : { extents, nodes: NO_MAPPING.nodes });
}

/**
 * Places all metadata, or returns undefined if there is no room. Bitmaps and inode tables lie near the head of their
 * flex group or at that of their own group, the journal in the first gap that holds it or else in the lowest ones, and
 * the blocks of the tree lowest first: in blocks with stale contents while there are any, since those must be
 * overwritten anyway. What is not written in full (the journal, bitmaps and inodes not in use) lies only where nothing
 * was ever written, so that it reads as zeros.
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
  const groups = layout.variant.flexible ? placeFlexGroups(layout, fresh) : groupHeads(layout);
  if (groups === undefined) return undefined;
  const journalRuns = takeJournal(layout.journalBlocks, fresh);
  if (journalRuns === undefined) return undefined;
  const tree = new TreePlacer(stale, fresh, layout.variant.map);
  const journal = tree.map(extentsOf(journalRuns));
  const { mappings, xattrBlocks } = tree.place(namespace);
  if (tree.exhausted) return undefined;
  const staleLeft = collect(stale);
  const free = collect(stale, fresh);
  const freeBlocks = blocksIn(free);
  return { layout, ...groups, journal, mappings, xattrBlocks, free, freeBlocks, stale: staleLeft };
}

type GroupPlacement = Pick<Placement, "blockBitmaps" | "inodeBitmaps" | "inodeTables">;

/** Each flex group in turn: its block bitmaps, its inode bitmaps, its inode tables. */
function placeFlexGroups(layout: GroupLayout, space: FreeSpace): GroupPlacement | undefined {
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

/** Each group's own bitmaps and inode table, after any superblock and descriptors. */
function groupHeads(layout: GroupLayout): GroupPlacement {
  const blockBitmaps = Float64Array.from(
    { length: layout.groups },
    (_, group) => group * BLOCKS_PER_GROUP + baseBlocks(layout, group),
  );
  return {
    blockBitmaps,
    inodeBitmaps: blockBitmaps.map((block) => block + 1),
    inodeTables: blockBitmaps.map((block) => block + BITMAPS),
  };
}

/** Blocks for the journal: in one run if there is one, else the lowest; undefined if there are not enough. */
function takeJournal(length: number, space: FreeSpace): readonly Run[] | undefined {
  if (length === 0) return [];
  const start = space.take(length, 0);
  if (start !== undefined) return [{ start, length }];
  const runs: Run[] = [];
  return space.takeLowest(length, runs) === length ? runs : undefined;
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

/** Gives blocks to directories, symlinks, attributes and the nodes of mappings, in the order of the inodes. */
class TreePlacer {
  exhausted = false;
  readonly #stale: FreeSpace;
  readonly #fresh: FreeSpace;
  readonly #form: MapForm;

  constructor(stale: FreeSpace, fresh: FreeSpace, form: MapForm) {
    this.#form = form;
    this.#stale = stale;
    this.#fresh = fresh;
  }

  place({ inodes, xattrBlocks }: Namespace): Pick<Placement, "mappings" | "xattrBlocks"> {
    const mappings = new Map<number, Mapping>();
    for (let index = 0; index < inodes.length; index++) {
      const planned = inodes[index];
      if (planned === undefined) continue;
      const blocks = ownBlocks(planned);
      const mapping = this.map(blocks === 0 ? planned.extents : extentsOf(this.#take(blocks)));
      if (blocks > 0 || mapping.nodes.length > 0) mappings.set(index, mapping);
    }
    return { mappings, xattrBlocks: blocksOf(this.#take(xattrBlocks.length)) };
  }

  /** The extents with blocks for what says where they are. */
  map(extents: readonly Extent[]): Mapping {
    if (extents.length === 0) return NO_MAPPING;
    const nodes = this.#form.nodeCount(extents);
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
