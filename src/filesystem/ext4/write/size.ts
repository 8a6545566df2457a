/** The number of blocks: as asked for if all fits, else chosen for the tree. */

import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { Docker2vmError } from "../../../errors.ts";
import type { Steps } from "../../../waiting/steps.ts";
import type { Attempt } from "../../kind/least-size.ts";
import type { Demand } from "./demand.ts";
import { BLOCKS_PER_GROUP } from "./geometry.ts";
import {
  blocksForInodes,
  groupLayout,
  type LayoutRule,
  overheadBlocks,
  usableBlocks,
} from "./group-layout.ts";
import { minimumSize } from "./minimum-size.ts";

const BLOCKS_PER_MIB = 2 ** 20 / BLOCK_SIZE;
/** Free space of a filesystem whose size is chosen: a quarter of what is used, and never less than 64 MiB. */
const LEAST_FREE_BLOCKS = 64 * BLOCKS_PER_MIB;
const USED_TO_FREE = 4;

/**
 * The result at the smallest size, in whole MiB, that leaves `free` blocks; "default" is a quarter of what is used and
 * at least 64 MiB. The size only grows: from what the demand alone would take, by what the last size proved to lack,
 * until it lacks nothing.
 */
export function* chooseSize<Result extends { readonly freeBlocks: number }>(
  demand: Demand,
  free: number | "default",
  attempt: Attempt<Result>,
): Steps<Result> {
  const withFree = (used: number): number => used + (free === "default" ? usualFree(used) : free);
  let blocks = leastBlocks(demand, withFree);
  for (;;) {
    const result = yield* attempt(blocks);
    const wanted = result === undefined ? blocks + 1 : withFree(blocks - result.freeBlocks);
    if (result !== undefined && wanted <= blocks) return result;
    blocks = wholeMebibytes(wanted, demand.rule);
  }
}

/** The result at the size asked for. Throws E_SIZE_TOO_SMALL with the size, in whole MiB, that would do. */
export function* useSize<Result>(asked: number, demand: Demand, attempt: Attempt<Result>): Steps<Result> {
  const result = yield* attempt(usableBlocks(asked, demand.rule));
  if (result !== undefined) return result;
  const needed = yield* neededSize(demand, attempt);
  const mebibytes = needed / BLOCKS_PER_MIB;
  const { inodes } = demand.rule;
  const what = typeof inodes === "number" ? `the image with ${inodes} inodes` : "the image";
  throw new Docker2vmError(
    "E_SIZE_TOO_SMALL",
    `${what} needs a filesystem of ${needed * BLOCK_SIZE} bytes (${mebibytes} MiB); ` +
      `${asked * BLOCK_SIZE} bytes were asked for`,
    { hint: `ask for ${mebibytes} MiB or more, or leave the size to the program` },
  );
}

/** The fewest whole MiB at which all fits, even where contents left too little free for the descriptors. */
function* neededSize<Result>(demand: Demand, attempt: Attempt<Result>): Steps<number> {
  const { rule, descriptorBlocks } = demand;
  const limit = (descriptorBlocks * BLOCK_SIZE * BLOCKS_PER_GROUP) / rule.variant.descriptorSize;
  const sizeIfEnough = function* (blocks: number): Steps<number | undefined> {
    return blocks > limit || (yield* attempt(blocks)) !== undefined ? blocks : undefined;
  };
  let size = wholeMebibytes(yield* minimumSize(demand, sizeIfEnough), rule);
  while ((yield* sizeIfEnough(size)) === undefined) size = wholeMebibytes(size + 1, rule);
  return size;
}

/** A bound from below: the smallest whole MiB that hold the demand, what the layout takes and `room` for more. */
function leastBlocks({ blocks: used, rule }: Demand, room: (used: number) => number): number {
  let blocks = wholeMebibytes(Math.max(used, blocksForInodes(rule)), rule);
  for (;;) {
    const layout = groupLayout(blocks, rule);
    const wanted = layout === undefined ? blocks + 1 : room(used + overheadBlocks(layout));
    if (wanted <= blocks) return blocks;
    blocks = wholeMebibytes(wanted, rule);
  }
}

function usualFree(used: number): number {
  return Math.max(LEAST_FREE_BLOCKS, Math.ceil(used / USED_TO_FREE));
}

/** Rounds up to whole MiB, and further where the last group would not hold what must lie at its start. */
function wholeMebibytes(blocks: number, rule: LayoutRule): number {
  let rounded = Math.ceil(blocks / BLOCKS_PER_MIB) * BLOCKS_PER_MIB;
  while (usableBlocks(rounded, rule) !== rounded) rounded += BLOCKS_PER_MIB;
  return rounded;
}
