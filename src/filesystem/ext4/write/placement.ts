/** Where everything lies that is not contents, for one size of the filesystem. */

import { BLOCK_SIZE, type Run } from "../../../blocks/blocks.ts";
import type { ContentSpace } from "../../../blocks/content-space.ts";
import { normalizeExtents } from "../../../blocks/extents.ts";
import { FreeSpace } from "../../../blocks/free-space.ts";
import { type Move, type Relocation, relocate } from "../../../blocks/relocation.ts";
import {
  below,
  blocksIn,
  intersect,
  RunCollector,
  type RunSet,
  subtract,
  unite,
} from "../../../blocks/runs.ts";
import { assert } from "../../../errors.ts";
import type { Extent } from "../../../tree/inode.ts";
import { EXT_INIT_MAX_LEN } from "../format/extent.ts";
import { I_BLOCK_SIZE } from "../format/inode.ts";
import { fixedRuns, type GroupLayout } from "./group-layout.ts";
import { type Heads, placeHeads } from "./head-placement.ts";
import { type MapForm, type Mapping, NO_MAPPING } from "./mapping.ts";
import type { Namespace, PlannedInode } from "./planned-inode.ts";

export interface Placement extends Omit<Heads, "journal"> {
  readonly layout: GroupLayout;
  readonly journal: Mapping;
  /** By index, for inodes of the namespace whose blocks or nodes were given or moved here; see `mappingOf`. */
  readonly mappings: ReadonlyMap<number, Mapping>;
  /** For each block of attributes the block it lies in. */
  readonly xattrBlocks: readonly number[];
  /** Every free block. */
  readonly free: RunSet;
  readonly freeBlocks: number;
  /** Contents to be copied before anything else is written. */
  readonly moves: readonly Move[];
  /** Blocks that still hold contents nobody refers to, and are free or written only in part. */
  readonly stale: RunSet;
  /** Whether metadata is written over stale contents in part: zeros must be there first. */
  readonly reusesStale: boolean;
}

/** Blocks of content that an inode gets here: a directory's, a long symlink's, or those of an attribute's value. */
export function ownBlocks({ node, directory, valueInode }: PlannedInode): number {
  if (valueInode !== undefined) return Math.ceil(valueInode.value.length / BLOCK_SIZE);
  if (directory !== undefined) return directory.blocks;
  return node.type === "symlink" && node.target.length >= I_BLOCK_SIZE ? 1 : 0;
}

/** Where the blocks of an inode of the namespace lie: good until the next call. */
export function mappingOf({ mappings }: Placement, { inodes }: Namespace, index: number): Mapping {
  const mapping = mappings.get(index);
  if (mapping !== undefined) return mapping;
  const extents = inodes.passingExtents(index);
  return extents.length === 0 ? NO_MAPPING : { extents, nodes: NO_MAPPING.nodes };
}

/**
 * Places all metadata, or returns undefined if there is no room. The blocks of the tree come lowest first: in blocks
 * with stale contents while there are any, since those must be overwritten anyway. What is not written in full
 * (the journal, bitmaps and inodes not in use) lies where nothing was ever written, so that it reads as zeros,
 * over stale contents only where there is no other room, and over others only where there is none at all. Contents in
 * its way or past the end move to where there is room.
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
  const stale = below(contents.stale, layout.blocks);
  const settled = settle(layout, unwritten, stale, subtract(all, fixed));
  if (settled === undefined) return undefined;
  const { taken, vacant } = settled;
  const isInTheWay = contents.liveEnd > layout.blocks || settled.evicts;
  const relocation = isInTheWay
    ? relocate(namespace.inodes, unite(taken, past(layout.blocks)), vacant, EXT_INIT_MAX_LEN)
    : { ...NO_RELOCATION, free: vacant };
  if (relocation === undefined) return undefined;
  const fresh = subtract(relocation.free, contents.written);
  const tree = new TreePlacer(subtract(relocation.free, fresh), fresh, layout.variant.map);
  const journal = tree.map(extentsOf(settled.heads.journal));
  const { mappings, xattrBlocks } = tree.place(namespace, relocation.extents);
  if (tree.exhausted) return undefined;
  const { free, stale: staleLeft } = tree.left();
  const reused = intersect(taken, contents.written);
  return {
    layout,
    ...settled.heads,
    journal,
    mappings,
    xattrBlocks,
    moves: relocation.moves,
    free,
    freeBlocks: blocksIn(free),
    stale: unite(staleLeft, reused),
    reusesStale: reused.starts.length > 0,
  };
}

interface Settled {
  readonly heads: Heads;
  /** Blocks of the heads, and what else is left for contents and the tree. */
  readonly taken: RunSet;
  readonly vacant: RunSet;
  /** Whether contents must make room. */
  readonly evicts: boolean;
}

/** Places the heads where nothing was ever written, else also over what is stale, else anywhere. */
function settle(
  layout: GroupLayout,
  unwritten: RunSet,
  stale: RunSet,
  anywhere: RunSet,
): Settled | undefined {
  const free = unite(unwritten, stale);
  for (const space of [unwritten, free, anywhere]) {
    const fresh = new FreeSpace(space);
    const heads = placeHeads(layout, fresh);
    if (heads === undefined) continue;
    const taken = subtract(space, collect(fresh));
    return { heads, taken, vacant: subtract(free, taken), evicts: space === anywhere };
  }
  return undefined;
}

function past(end: number): RunSet {
  return { starts: [end], ends: [Number.POSITIVE_INFINITY] };
}

const NO_RELOCATION: Omit<Relocation, "free"> = { moves: [], extents: new Map() };

/** Gives blocks to directories, symlinks, attributes and the nodes of mappings, in the order of the inodes. */
class TreePlacer {
  exhausted = false;
  readonly #stale: FreeSpace;
  readonly #fresh: FreeSpace;
  readonly #form: MapForm;

  constructor(stale: RunSet, fresh: RunSet, form: MapForm) {
    this.#form = form;
    this.#stale = new FreeSpace(stale);
    this.#fresh = new FreeSpace(fresh);
  }

  /** `moved`: the extents of files whose contents do not stay where they are. */
  place(
    { inodes, xattrBlocks }: Namespace,
    moved: Relocation["extents"],
  ): Pick<Placement, "mappings" | "xattrBlocks"> {
    const mappings = new Map<number, Mapping>();
    for (const planned = inodes.from(0); planned.index < inodes.length; planned.index++) {
      const { index } = planned;
      const blocks = ownBlocks(planned);
      const elsewhere = blocks > 0 ? extentsOf(this.#take(blocks)) : moved.get(index);
      if (elsewhere === undefined && this.#form.nodeCount(inodes.passingExtents(index)) === 0) continue;
      mappings.set(index, this.map(elsewhere ?? planned.extents));
    }
    return { mappings, xattrBlocks: blocksOf(this.#take(xattrBlocks.length)) };
  }

  /** The extents with blocks for what says where they are. */
  map(extents: readonly Extent[]): Mapping {
    if (extents.length === 0) return NO_MAPPING;
    const nodes = this.#form.nodeCount(extents);
    return { extents, nodes: nodes === 0 ? NO_MAPPING.nodes : blocksOf(this.#take(nodes)) };
  }

  left(): Pick<Placement, "free" | "stale"> {
    const stale = collect(this.#stale);
    return { free: unite(stale, collect(this.#fresh)), stale };
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
  return normalizeExtents(extents, EXT_INIT_MAX_LEN);
}

function blocksOf(runs: readonly Run[]): number[] {
  const blocks: number[] = [];
  for (const { start, length } of runs) {
    for (let i = 0; i < length; i++) blocks.push(start + i);
  }
  return blocks;
}

function collect(space: FreeSpace): RunSet {
  const runs = new RunCollector();
  space.collect(runs);
  return runs.union("forbidden", "free space");
}
