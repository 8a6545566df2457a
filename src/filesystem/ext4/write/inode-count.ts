/** How many inodes there are: for the tree, to spare, or as asked for. */
import { INODES_PER_BLOCK, largestTable } from "./geometry.ts";
import type { Variant } from "./variant.ts";

/** Inodes to spare, whatever the size: a tenth of those in use, and never less than this. */
const LEAST_SPARE_INODES = 1024;

/**
 * mke2fs's blocks to an inode, up to so many blocks: "small", default, "big" and "huge" (e2fsprogs mke2fs.conf). Where
 * a tier begins the number stays as it was until the new ratio asks for more, so that it never falls as blocks grow.
 */
const BLOCKS_PER_INODE: readonly (readonly [below: number, blocks: number])[] = [
  [2 ** 17, 1],
  [2 ** 30, 4],
  [2 ** 32, 8],
  [Number.POSITIVE_INFINITY, 16],
];

/** "usual": with some to spare, and never fewer than mke2fs would make; "least": none to spare. */
export type InodeCount = number | "usual" | "least";

/** Inodes that there must be, whatever the size. */
export function leastInodes(count: InodeCount, used: number): number {
  if (count === "least") return used;
  if (count !== "usual") return count;
  return used + Math.max(LEAST_SPARE_INODES, Math.ceil(used / 10));
}

/** Inodes of a filesystem of so many blocks in so many groups, before each group rounds its own up. */
export function inodesFor(
  count: InodeCount,
  used: number,
  {
    blocks,
    groups,
    variant,
  }: { readonly blocks: number; readonly groups: number; readonly variant: Variant },
): number {
  const least = leastInodes(count, used);
  if (count !== "usual") return least;
  const room = groups * largestTable(variant) * INODES_PER_BLOCK;
  return Math.max(least, Math.min(usualInodes(blocks), room));
}

function usualInodes(blocks: number): number {
  return Math.max(
    ...BLOCKS_PER_INODE.map(([below, perInode]) => Math.floor(Math.min(blocks, below) / perInode)),
  );
}
