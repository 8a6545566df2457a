/** Where everything lies that is not contents, for one size of the filesystem. */
import type { Run } from "../../../blocks/blocks.ts";
import type { ContentSpace } from "../../../blocks/content-space.ts";
import { type Move, type Relocation, relocate } from "../../../blocks/relocation.ts";
import {
  below,
  blocksIn,
  intersect,
  intersectRun,
  RunCollector,
  type RunSet,
  runSetOf,
  subtract,
  unite,
} from "../../../blocks/runs.ts";
import { assert } from "../../../errors.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { LARGEST_EXTENT } from "../format/bmbt.ts";
import { CHUNK_BLOCKS, FIRST_CHUNK, groupRun } from "./geometry.ts";
import { allocTreeBlocks, type Group, groupOf } from "./group-trees.ts";
import { headRuns, type Layout } from "./layout.ts";
import { type OwnPlaces, settle } from "./own-places.ts";
import type { Namespace } from "./planned-inode.ts";
import { type PlacedForks, TreePlacer } from "./tree-placer.ts";

export interface Placement {
  readonly layout: Layout;
  /** The first block of the log. */
  readonly log: number;
  /** The first block of each chunk of inodes, ascending. */
  readonly chunks: readonly number[];
  /** By index, for inodes of the namespace that have blocks beside contents that stay where they are. */
  readonly forks: ReadonlyMap<number, PlacedForks>;
  readonly groups: readonly Group[];
  /** sb_fdblocks. */
  readonly freeBlocks: number;
  /** Contents to be copied before anything else is written. */
  readonly moves: readonly Move[];
  /** Blocks that still hold contents nobody refers to, and must read as zeros: free ones, and the log's. */
  readonly stale: RunSet;
  /** Whether the log lies over stale contents: zeros must be there first. */
  readonly reusesStale: boolean;
}

/**
 * Places all metadata, or returns undefined if there is no room. The blocks of the tree come lowest first: in blocks
 * with stale contents while there are any, since those must be overwritten anyway. The log, which must read as zeros,
 * lies where nothing was ever written, else over stale contents, else over others. Contents in the way of anything, or
 * past the end, move to where there is room.
 *
 * @param reserves whether each group keeps free what a mount sets aside in it
 */
export function* place(
  namespace: Namespace,
  contents: ContentSpace,
  layout: Layout,
  { chunks, reserves }: { readonly chunks: number; readonly reserves: boolean },
): Steps<Placement | undefined> {
  const all: RunSet = { starts: [0], ends: [layout.blocks] };
  const fixed = unite(headRuns(layout), runSetOf([{ start: FIRST_CHUNK, length: CHUNK_BLOCKS }]));
  const anywhere = subtract(all, fixed);
  const unwritten = subtract(anywhere, contents.written);
  const accounted = blocksIn(unwritten) + blocksIn(fixed) + blocksIn(below(contents.written, layout.blocks));
  assert(accounted === layout.blocks, "contents lie where a group's head must");
  const stale = below(contents.stale, layout.blocks);
  yield;
  const own = settle(layout, { unwritten, stale, anywhere }, { chunks: chunks - 1, reserves });
  if (own === undefined) return undefined;
  yield;
  const relocation = moveAside(namespace, contents, layout, own);
  if (relocation === undefined) return undefined;
  const tree = new TreePlacer(relocation.free, contents.written);
  const forks = yield* tree.place(namespace, relocation.extents);
  if (tree.exhausted) return undefined;
  return completed(layout, contents, {
    own,
    forks,
    moves: relocation.moves,
    free: unite(tree.left(), own.kept),
  });
}

const NO_RELOCATION: Omit<Relocation, "free"> = { moves: [], extents: new Map() };

function moveAside(
  namespace: Namespace,
  { liveEnd }: ContentSpace,
  { blocks }: Layout,
  { taken, vacant, evicts }: OwnPlaces,
): Relocation | undefined {
  if (liveEnd <= blocks && !evicts) return { ...NO_RELOCATION, free: vacant };
  const past: RunSet = { starts: [blocks], ends: [Number.POSITIVE_INFINITY] };
  return relocate(namespace, unite(taken, past), vacant, LARGEST_EXTENT);
}

interface Placed {
  readonly own: OwnPlaces;
  readonly forks: Placement["forks"];
  readonly moves: readonly Move[];
  readonly free: RunSet;
}

function completed(layout: Layout, contents: ContentSpace, { own, forks, moves, free }: Placed): Placement {
  const chunks = [FIRST_CHUNK, ...own.chunks];
  const groups = groupsWith(layout, chunks, own.inobt, free);
  const left = new RunCollector();
  let freeBlocks = 0;
  for (const group of groups) {
    for (const run of group.free) left.add(group.start + run.start, run.length);
    for (const block of group.agfl) left.add(group.start + block, 1);
    freeBlocks += group.freeBlocks + group.agfl.length + allocTreeBlocks(group);
  }
  const log = runSetOf([{ start: own.log, length: layout.logBlocks }]);
  const unused = unite(left.union("forbidden", "free space"), log);
  return {
    layout,
    log: own.log,
    chunks,
    forks,
    groups,
    freeBlocks,
    moves,
    stale: intersect(unused, contents.written),
    reusesStale: intersect(log, contents.written).starts.length > 0,
  };
}

function groupsWith(
  layout: Layout,
  chunks: readonly number[],
  inobt: readonly (readonly number[])[],
  free: RunSet,
): Group[] {
  const groups: Group[] = [];
  let chunk = 0;
  for (let index = 0; index < layout.count; index++) {
    const run = groupRun(layout, index);
    const within = (block: number): number => block - run.start;
    const first = chunk;
    while ((chunks[chunk] ?? Number.POSITIVE_INFINITY) < run.start + run.length) chunk++;
    const runs = intersectRun(free, run.start, run.length).map(
      ({ start, length }): Run => ({ start: within(start), length }),
    );
    const own = chunks.slice(first, chunk).map(within);
    groups.push(groupOf(run, runs, own, (inobt[index] ?? []).map(within)));
  }
  return groups;
}
