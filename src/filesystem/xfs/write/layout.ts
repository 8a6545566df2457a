/** What follows from a size and the options alone: groups, the log, what the kernel takes. */
import { RunCollector, type RunSet } from "../../../blocks/runs.ts";
import { type Groups, groupRun, groupsChangeBelow, groupsOf, HEAD_BLOCKS, UNIT_BLOCKS } from "./geometry.ts";
import { leastLog, usualLog } from "./log-size.ts";

/** What a layout follows besides the number of blocks. */
export interface LayoutRule {
  /** Blocks of the log. "usual": by the size; "least": as short as a kernel takes it. */
  readonly log: number | "usual" | "least";
}

export interface Layout extends Groups {
  /** As asked for, unless the kernel wants more. */
  readonly logBlocks: number;
}

/** The layout of up to so many blocks; undefined where they are too few. */
export function layoutOf(blocks: number, { log }: LayoutRule): Layout | undefined {
  const logBlocks = (groupBlocks: number): number => {
    if (log === "usual") return usualLog(blocks, groupBlocks);
    return Math.max(leastLog(groupBlocks), log === "least" ? 0 : log);
  };
  const groups = groupsOf(blocks, logBlocks);
  return groups && { ...groups, logBlocks: logBlocks(groups.groupBlocks) };
}

/** The first size above `blocks` at which groups are of another size. */
export function nextGroupSize(blocks: number, rule: LayoutRule): number {
  const here = layoutOf(blocks, rule)?.groupBlocks;
  let same = blocks;
  let next = groupsChangeBelow(blocks, here ?? UNIT_BLOCKS);
  if (next === Number.POSITIVE_INFINITY) return next;
  while (next - same > 1) {
    const middle = Math.floor((same + next) / 2);
    if (layoutOf(middle, rule)?.groupBlocks === here) same = middle;
    else next = middle;
  }
  return next;
}

/** The heads of all groups. */
export function headRuns(layout: Layout): RunSet {
  const runs = new RunCollector();
  for (let group = 0; group < layout.count; group++) runs.add(group * layout.groupBlocks, HEAD_BLOCKS);
  return runs.union("forbidden", "the heads of groups");
}

/** Blocks that the filesystem takes for itself, inodes aside. */
export function overheadBlocks(layout: Layout): number {
  return layout.count * HEAD_BLOCKS + layout.logBlocks;
}

/** The fewest records that the kernel reckons with in a leaf, and children above: half of what fits. */
const REFCOUNT_LEAST = { leaf: 168, node: 252 };
const FINOBT_LEAST = { leaf: 126, node: 252 };
const INODE_CHUNKS_PER_BLOCK = 1 / 8;

/**
 * Blocks that a mount to be written to sets aside in a group of which `blocks` are not the log's: what its trees of
 * shared blocks and free inodes could grow to (xfs_refcountbt_calc_reserves, xfs_finobt_calc_reserves).
 */
export function groupReserve(blocks: number): number {
  const refcount = fullTree(blocks, REFCOUNT_LEAST);
  const finobt = fullTree(Math.floor(blocks * INODE_CHUNKS_PER_BLOCK), FINOBT_LEAST);
  return refcount + finobt - EXISTING;
}

/** The two roots that there are. */
const EXISTING = 2;

/** xfs_btree_calc_size: the blocks of a tree as empty as can be. */
function fullTree(records: number, { leaf, node }: typeof REFCOUNT_LEAST): number {
  let blocks = 0;
  for (let level = records, room = leaf; level > 1; room = node) {
    level = Math.ceil(level / room);
    blocks += level;
  }
  return blocks;
}

/** What every group keeps for its trees of free space (xfs_alloc_set_aside). */
const SET_ASIDE_PER_GROUP = 20;
/** The pool that the kernel keeps for what must not fail (xfs_default_resblks): a twentieth, up to so many blocks. */
const POOL_SHARE = 20;
const POOL_MOST = 8192;

/** Free blocks that nobody can use while the filesystem is mounted to be written to. */
export function mountReserve(layout: Layout): number {
  let blocks = Math.min(Math.floor(layout.blocks / POOL_SHARE), POOL_MOST);
  blocks += layout.count * SET_ASIDE_PER_GROUP;
  for (let group = 0; group < layout.count; group++) blocks += groupReserve(groupRun(layout, group).length);
  return blocks;
}
