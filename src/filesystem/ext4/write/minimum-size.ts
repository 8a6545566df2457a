/** The fewest blocks that hold everything. */

import type { Steps } from "../../../waiting/steps.ts";
import { type Attempt, leastFrom } from "../../kind/least-size.ts";
import type { Demand } from "./demand.ts";
import { BLOCKS_PER_GROUP, groupsIn } from "./geometry.ts";
import { blocksForInodes, groupLayout, leastEnd, overheadBlocks } from "./group-layout.ts";

/**
 * The result at the smallest size. A further group takes blocks for itself, so that what fits one size need not fit
 * the next: numbers of groups are tried one after the other, and within each the sizes from the least possible on.
 */
export function* minimumSize<Result>(demand: Demand, attempt: Attempt<Result>): Steps<Result> {
  let groups = groupsIn(Math.max(demand.blocks, blocksForInodes(demand.rule)));
  for (;;) {
    const result = yield* leastOf(groups++, demand, attempt);
    if (result !== undefined) return result;
  }
}

function* leastOf<Result>(
  groups: number,
  demand: Demand,
  attempt: Attempt<Result>,
): Steps<Result | undefined> {
  const full = groups * BLOCKS_PER_GROUP;
  const least = leastPossible(full - BLOCKS_PER_GROUP + 1, demand);
  if (least > full) return undefined;
  // A journal of the usual length is longer from the first full group on: that size is asked about by itself.
  const below = least < full ? yield* leastFrom(least, full - 1, attempt) : undefined;
  return below ?? (yield* attempt(full));
}

/** A bound from below, from `from` on: the demand and what a layout of that size takes fill it. */
function leastPossible(from: number, { blocks: used, rule }: Demand): number {
  let blocks = Math.max(from, used);
  for (;;) {
    const layout = groupLayout(blocks, rule);
    if (layout === undefined) return Number.POSITIVE_INFINITY;
    const wanted = Math.max(used + overheadBlocks(layout), leastEnd(layout));
    if (wanted <= blocks) return blocks;
    blocks = wanted;
  }
}
