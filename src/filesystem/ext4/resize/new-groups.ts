/** Where the bitmaps and inode tables of added groups lie, and what that leaves free. */
import { assert } from "../../../errors.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { blocksIn, firstBlockOf } from "../read/group-descriptor.ts";
import type { Superblock } from "../read/superblock.ts";
import { headBlocks, tableBlocks } from "./geometry.ts";

/** A group that is added. Numbers are blocks of the image. */
export interface NewGroup {
  readonly group: number;
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  /** Blocks from the group's start on that are in use; behind them all are free. */
  readonly used: number;
  /** Whether nothing is in use but what is the group's own, so that a kernel can make up its block bitmap. */
  readonly ownOnly: boolean;
}

/** Groups of one number of bits whose places are settled at a time. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The groups of `grown` from number `first` on. */
export function* placeNewGroups(grown: Superblock, first: number): Steps<readonly NewGroup[]> {
  const placed: NewGroup[] = [];
  for (let from = first; from < grown.groups; ) {
    const to = Math.min(grown.groups, endOfFlexGroup(grown, from));
    const span = { from, to };
    for (const group of packed(grown, span) ?? apart(grown, span)) placed.push(group);
    yield;
    from = to;
  }
  return placed;
}

/** With flex_bg, 2^s_log_groups_per_flex groups have their bitmaps and tables together; else each has its own. */
function endOfFlexGroup({ features, fields }: Superblock, group: number): number {
  const size = features.has("flex_bg") ? 2 ** fields.s_log_groups_per_flex : 1;
  return (Math.floor(group / size) + 1) * size;
}

/** All bitmaps, then all tables, from the first group's head on; undefined where the gaps at groups' ends sum up. */
function packed(grown: Superblock, { from, to }: Span): NewGroup[] | undefined {
  const used = new Map<number, number>();
  const usedIn = (group: number) => used.get(group) ?? headBlocks(grown, group);
  let group = from;
  const take = (length: number): number | undefined => {
    while (group < to && usedIn(group) + length > blocksIn(grown, group)) group++;
    if (group === to) return undefined;
    const offset = usedIn(group);
    used.set(group, offset + length);
    return firstBlockOf(grown, group) + offset;
  };
  const each = (length: number) => Array.from({ length: to - from }, () => take(length));
  const blockBitmaps = each(1);
  const inodeBitmaps = each(1);
  const inodeTables = each(tableBlocks(grown));
  if (inodeTables.at(-1) === undefined) return undefined;
  return inodeTables.map((inodeTable, index) => ({
    group: from + index,
    blockBitmap: placeOf(blockBitmaps[index]),
    inodeBitmap: placeOf(inodeBitmaps[index]),
    inodeTable: placeOf(inodeTable),
    used: usedIn(from + index),
    ownOnly: to - from === 1 || !used.has(from + index),
  }));
}

/** Each group with its own, which `grownGeometry` has seen to. */
function* apart(grown: Superblock, { from, to }: Span): Generator<NewGroup> {
  for (let group = from; group < to; group++) {
    const [own] = packed(grown, { from: group, to: group + 1 }) ?? [];
    assert(own !== undefined, `group ${group} has no room for its own tables`);
    yield own;
  }
}

function placeOf(block: number | undefined): number {
  assert(block !== undefined, "a place that comes before another one is not there");
  return block;
}
