/** The shape of a B+tree that is made at once: as few blocks as can be, all about equally full. */

/** What blocks of a tree have room for. */
export interface TreeRoom {
  /** Records in a leaf. */
  readonly leaf: number;
  /** Children of a block above. */
  readonly node: number;
  /** Children, or records, of the root. */
  readonly root: { readonly records: number; readonly children: number };
}

const NO_LEVELS: readonly number[] = [];

/** Blocks on each level below the root, leaves first; none where the root holds all records. */
export function levelsBelowRoot(records: number, { leaf, node, root }: TreeRoom): readonly number[] {
  if (records <= root.records) return NO_LEVELS;
  const levels = [Math.ceil(records / leaf)];
  for (let last = levels[0] ?? 0; last > root.children; last = levels.at(-1) ?? 0) {
    levels.push(Math.ceil(last / node));
  }
  return levels;
}

/** Blocks on all levels. */
export function sumOf(levels: readonly number[]): number {
  return levels.reduce((sum, blocks) => sum + blocks, 0);
}

/**
 * The first of `items` that part `part` of `parts` begins with. Parts differ by one at most: so each of them is more
 * than half full where fewer would not hold all, as the kernel and xfs_repair want every block but a root.
 */
export function partStart(items: number, parts: number, part: number): number {
  return Math.floor((items * part) / parts);
}

/** A block of a tree, told by its place in all of them, leaves first. */
export interface TreeBlock {
  /** 0 for leaves. */
  readonly level: number;
  /** Its place on its level, and how many there are. */
  readonly place: number;
  readonly blocks: number;
  /** Its children on the level below, or its records. */
  readonly first: number;
  readonly count: number;
  /** The place of the first child among all blocks; of no meaning for leaves. */
  readonly firstBelow: number;
}

/** Every block of the levels, as they follow one another. */
export function* treeBlocks(levels: readonly number[], records: number): Generator<TreeBlock> {
  let items = records;
  let below = 0;
  for (const [level, blocks] of levels.entries()) {
    for (let place = 0; place < blocks; place++) {
      const first = partStart(items, blocks, place);
      const count = partStart(items, blocks, place + 1) - first;
      yield { level, place, blocks, first, count, firstBelow: below + first };
    }
    if (level > 0) below += items;
    items = blocks;
  }
}

/** The first record below each block, in the order of the blocks. */
export function firstRecords(levels: readonly number[], records: number): readonly number[] {
  const firsts: number[] = [];
  for (const { level, first, firstBelow } of treeBlocks(levels, records)) {
    firsts.push(level === 0 ? first : (firsts[firstBelow] ?? 0));
  }
  return firsts;
}
