/** The number of blocks: as asked for if all fits, else chosen for the tree. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { Docker2vmError } from "../../../errors.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { type Attempt, leastFrom } from "../../kind/least-size.ts";
import { LEAST_BLOCKS } from "./geometry.ts";
import {
  type Layout,
  type LayoutRule,
  layoutOf,
  mountReserve,
  nextGroupSize,
  overheadBlocks,
} from "./layout.ts";
import type { Placement } from "./placement.ts";

/** What must fit, whatever the size. */
export interface Demand {
  /** Blocks of contents, inodes and of the tree, trees of scattered extents aside. */
  readonly blocks: number;
  readonly rule: LayoutRule;
}

const BLOCKS_PER_MIB = 2 ** 20 / BLOCK_SIZE;
/** Free space of a filesystem whose size is chosen: a quarter of what is used, and never less than 64 MiB. */
const LEAST_FREE_BLOCKS = 64 * BLOCKS_PER_MIB;
const USED_TO_FREE = 4;

/** The result at the smallest size: what fits one size of groups need not fit the next, so each is searched. */
export function* minimumSize(demand: Demand, attempt: Attempt<Placement>): Steps<Placement> {
  for (let from = Math.max(LEAST_BLOCKS, demand.blocks), next = 0; ; from = next) {
    next = nextGroupSize(from, demand.rule);
    const least = leastPossible(from, demand);
    const most = next - 1;
    const result = least <= most ? yield* leastFrom(least, most, attempt) : undefined;
    if (result !== undefined) return result;
  }
}

/**
 * A bound from below, from `from` on: the demand and what a layout of that size takes fill it, but for what `sizeFor`
 * wants beside them.
 */
function leastPossible(
  from: number,
  { blocks, rule }: Demand,
  sizeFor: (used: number, layout: Layout) => number = (used) => used,
): number {
  let size = from;
  for (;;) {
    const layout = layoutOf(size, rule);
    const wanted = layout === undefined ? size + 1 : sizeFor(blocks + overheadBlocks(layout), layout);
    if (wanted <= size) return size;
    size = wanted;
  }
}

/** Free blocks that are asked for; "default" is a quarter of what is used and at least 64 MiB. */
export interface FreeSpaceWanted {
  readonly free: number | "default";
  /** Whether they are to be free beside what a mount takes. */
  readonly reserves: boolean;
}

/**
 * The result at the smallest size, in whole MiB, that leaves the free blocks. The size only grows: by what the last one
 * proved to lack.
 */
export function* chooseSize(
  demand: Demand,
  { free, reserves }: FreeSpaceWanted,
  attempt: Attempt<Placement>,
): Steps<Placement> {
  const sizeFor = (used: number, layout: Layout): number =>
    used + (free === "default" ? usualFree(used) : free) + (reserves ? mountReserve(layout) : 0);
  let blocks = wholeMebibytes(leastPossible(LEAST_BLOCKS, demand, sizeFor));
  for (;;) {
    const result = yield* attempt(blocks);
    let wanted = blocks + 1;
    if (result !== undefined) {
      wanted = sizeFor(blocks - result.freeBlocks, result.layout);
      if (wanted <= blocks) return result;
    }
    blocks = wholeMebibytes(wanted);
  }
}

function usualFree(used: number): number {
  return Math.max(LEAST_FREE_BLOCKS, Math.ceil(used / USED_TO_FREE));
}

/** The result at the size asked for. Throws E_SIZE_TOO_SMALL with the size, in whole MiB, that would do. */
export function* useSize(asked: number, demand: Demand, attempt: Attempt<Placement>): Steps<Placement> {
  const result = yield* attempt(asked);
  if (result !== undefined) return result;
  const needed = yield* neededSize(demand, attempt);
  const mebibytes = needed / BLOCKS_PER_MIB;
  throw new Docker2vmError(
    "E_SIZE_TOO_SMALL",
    `the image needs a filesystem of ${needed * BLOCK_SIZE} bytes (${mebibytes} MiB); ` +
      `${asked * BLOCK_SIZE} bytes were asked for`,
    { hint: `ask for ${mebibytes} MiB or more, or leave the size to the program` },
  );
}

/** The fewest whole MiB at which all fits. */
function* neededSize(demand: Demand, attempt: Attempt<Placement>): Steps<number> {
  const { layout } = yield* minimumSize(demand, attempt);
  let size = wholeMebibytes(layout.blocks);
  while ((yield* attempt(size)) === undefined) size += BLOCKS_PER_MIB;
  return size;
}

/** Rounds up to whole MiB: no last group of such a size is too short. */
function wholeMebibytes(blocks: number): number {
  return Math.ceil(blocks / BLOCKS_PER_MIB) * BLOCKS_PER_MIB;
}
