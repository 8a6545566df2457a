/** The places of what is the filesystem's own: the log, chunks of inodes, and what must lie in a certain group. */
import type { Run } from "../../../blocks/blocks.ts";
import {
  below,
  blocksIn,
  intersectRun,
  type RunSet,
  runSetOf,
  subtract,
  unite,
} from "../../../blocks/runs.ts";
import { CHUNK_BLOCKS, groupRun, INODE_SPACE_BLOCKS } from "./geometry.ts";
import { inobtBlocks } from "./group-trees.ts";
import { groupReserve, type Layout } from "./layout.ts";

export interface OwnPlaces {
  /** The first block of the log. */
  readonly log: number;
  /** The first block of each chunk but the very first, ascending. */
  readonly chunks: readonly number[];
  /** For each group the blocks of its tree of inodes besides the root. */
  readonly inobt: readonly (readonly number[])[];
  /** Blocks that are to stay free. */
  readonly kept: RunSet;
  /** All blocks above, and what else is left for contents and the tree. */
  readonly taken: RunSet;
  readonly vacant: RunSet;
  /** Whether contents must make room. */
  readonly evicts: boolean;
}

/** What there is to choose from: blocks never written to, with stale contents, and those with contents too. */
export interface Choice {
  readonly unwritten: RunSet;
  readonly stale: RunSet;
  readonly anywhere: RunSet;
}

export interface OwnDemand {
  readonly chunks: number;
  /** Whether each group keeps free what a mount sets aside in it. */
  readonly reserves: boolean;
}

/** Undefined where there is no room. */
export function settle(layout: Layout, choice: Choice, demand: OwnDemand): OwnPlaces | undefined {
  const free = unite(choice.unwritten, choice.stale);
  const log = firstFit([choice.unwritten, free, choice.anywhere], (space) => logPlace(space, layout));
  if (log === undefined) return undefined;
  const logRun = runSetOf([{ start: log, length: layout.logBlocks }]);
  const others = [free, choice.anywhere].map((space) => subtract(space, logRun));
  const chunks = firstFit(others, (space) => chunkPlaces(space, layout, log, demand));
  if (chunks === undefined) return undefined;
  const placed = unite(logRun, runSetOf(chunks.map((start) => ({ start, length: CHUNK_BLOCKS }))));
  const claims = claimAll(
    layout,
    { free: subtract(free, placed), anywhere: subtract(choice.anywhere, placed) },
    { log, chunks, demand },
  );
  if (claims === undefined) return undefined;
  const taken = unite(placed, claims.runs);
  return {
    log,
    chunks,
    inobt: claims.inobt,
    kept: claims.kept,
    taken,
    vacant: subtract(free, taken),
    evicts: blocksIn(subtract(taken, free)) > 0,
  };
}

function firstFit<T>(spaces: readonly RunSet[], find: (space: RunSet) => T | undefined): T | undefined {
  for (const space of spaces) {
    const found = find(space);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first room for the log, all in one group and not in the first: there it would move the root's inode. */
function logPlace({ starts, ends }: RunSet, { groupBlocks, logBlocks }: Layout): number | undefined {
  for (let i = 0; i < starts.length; i++) {
    const start = Math.max(starts[i] ?? 0, groupBlocks);
    if ((ends[i] ?? 0) - start >= logBlocks) return start;
  }
  return undefined;
}

/** The lowest places for so many chunks that leave each group room for what else must lie in it. */
function chunkPlaces(space: RunSet, layout: Layout, log: number, demand: OwnDemand): number[] | undefined {
  const usable = below(space, INODE_SPACE_BLOCKS);
  const places: number[] = [];
  for (let group = 0; group < layout.count && places.length < demand.chunks; group++) {
    const { start, length } = groupRun(layout, group);
    const runs = intersectRun(usable, start, length);
    const here = alignedPlaces(runs, demand.chunks - places.length);
    const room = runs.reduce((sum, run) => sum + run.length, 0) - keptIn(layout, group, log, demand);
    let count = here.length;
    while (count > 0 && room - count * CHUNK_BLOCKS < inobtIn(group, count)) count--;
    places.push(...here.slice(0, count));
  }
  return places.length === demand.chunks ? places : undefined;
}

function alignedPlaces(runs: readonly Run[], most: number): number[] {
  const places: number[] = [];
  for (const { start, length } of runs) {
    let at = Math.ceil(start / CHUNK_BLOCKS) * CHUNK_BLOCKS;
    for (; at + CHUNK_BLOCKS <= start + length; at += CHUNK_BLOCKS) {
      if (places.length === most) return places;
      places.push(at);
    }
  }
  return places;
}

/** Blocks of a group's tree of inodes besides its root, for so many chunks beside the very first. */
function inobtIn(group: number, chunks: number): number {
  return inobtBlocks(chunks + (group === 0 ? 1 : 0));
}

/** What trees of free space may come to take from what was kept. */
const MARGIN = 16;

/** Blocks of a group that are to stay free. */
function keptIn(layout: Layout, group: number, log: number, { reserves }: OwnDemand): number {
  if (!reserves) return 0;
  const { start, length } = groupRun(layout, group);
  const logHere = log >= start && log < start + length ? layout.logBlocks : 0;
  return groupReserve(length - logHere) + MARGIN;
}

interface Claims {
  readonly inobt: readonly (readonly number[])[];
  readonly kept: RunSet;
  readonly runs: RunSet;
}

/** In each group blocks for its tree of inodes, and those that stay free. */
function claimAll(
  layout: Layout,
  space: { readonly free: RunSet; readonly anywhere: RunSet },
  { log, chunks, demand }: Pick<OwnPlaces, "log" | "chunks"> & { readonly demand: OwnDemand },
): Claims | undefined {
  const inobt: (readonly number[])[] = [];
  const kept: Run[] = [];
  const runs: Run[] = [];
  let chunk = 0;
  for (let group = 0; group < layout.count; group++) {
    const run = groupRun(layout, group);
    const first = chunk;
    while ((chunks[chunk] ?? Number.POSITIVE_INFINITY) < run.start + run.length) chunk++;
    const inodes = inobtIn(group, chunk - first);
    const claimed = claim(space, run, inodes + keptIn(layout, group, log, demand));
    if (claimed === undefined) return undefined;
    const { used, left } = split(claimed, inodes);
    inobt.push(used);
    kept.push(...left);
    runs.push(...claimed);
  }
  return { inobt, kept: runSetOf(kept), runs: runSetOf(runs) };
}

/** So many of a group's last free blocks; if there are fewer, all of them and the last ones of its contents. */
function claim(
  { free, anywhere }: { readonly free: RunSet; readonly anywhere: RunSet },
  { start, length }: Run,
  count: number,
): readonly Run[] | undefined {
  if (count === 0) return [];
  const vacant = lastOf(intersectRun(free, start, length), count);
  const missing = count - blocksIn(runSetOf(vacant));
  if (missing === 0) return vacant;
  const contents = subtract(runSetOf(intersectRun(anywhere, start, length)), free);
  const evicted = lastOf(intersectRun(contents, start, length), missing);
  const all = [...vacant, ...evicted].sort((a, b) => a.start - b.start);
  return blocksIn(runSetOf(evicted)) === missing ? all : undefined;
}

/** The last `count` blocks of ascending runs, or all; ascending. */
function lastOf(runs: readonly Run[], count: number): readonly Run[] {
  const last: Run[] = [];
  let missing = count;
  for (let i = runs.length - 1; i >= 0 && missing > 0; i--) {
    const { start, length } = runs[i] ?? NOTHING;
    const taken = Math.min(length, missing);
    last.push({ start: start + length - taken, length: taken });
    missing -= taken;
  }
  return last.reverse();
}

const NOTHING: Run = { start: 0, length: 0 };

/** The first `count` blocks of runs one by one, and what is left of the runs. */
function split(runs: readonly Run[], count: number): { readonly used: number[]; readonly left: Run[] } {
  const used: number[] = [];
  const left: Run[] = [];
  for (const { start, length } of runs) {
    const here = Math.min(length, count - used.length);
    for (let i = 0; i < here; i++) used.push(start + i);
    if (length > here) left.push({ start: start + here, length: length - here });
  }
  return { used, left };
}
