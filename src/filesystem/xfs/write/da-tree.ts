/** The blocks by which leaves are found by hash, in directories and attributes: the root comes first in the file. */
import { viewOf } from "../../../blocks/field.ts";
import {
  DA_BLOCK,
  DA_ENTRIES_OFFSET,
  DA_MAGIC,
  DA_NODE,
  DA_NODE_ENTRIES,
  DA_NODE_ENTRY,
  DA_NODE_ENTRY_SIZE,
} from "../format/da-block.ts";
import { partStart, sumOf } from "./tree-shape.ts";

export interface DaTree {
  readonly leaves: number;
  /** Nodes on each level above the leaves; the last level is the root. None above a single leaf. */
  readonly levels: readonly number[];
}

/** The tree above so many leaves. */
export function daTree(leaves: number): DaTree {
  const levels: number[] = [];
  for (let below = leaves; below > 1; below = levels.at(-1) ?? 0) {
    levels.push(Math.ceil(below / DA_NODE_ENTRIES));
  }
  return { leaves, levels };
}

/** All blocks, leaves and nodes. */
export function daBlocks({ leaves, levels }: DaTree): number {
  return leaves + sumOf(levels);
}

/** Where in the file, counted from the root, the block `place` of a level lies; level 0 is the leaves. */
function offsetOf({ leaves, levels }: DaTree, level: number, place: number): number {
  if (level === levels.length) return place;
  return 1 + place + (level === 0 ? 0 : leaves + sumOf(levels.slice(0, level - 1)));
}

/** A block of the tree by its offset in the file: the inverse of `offsetOf`. */
export interface DaPlace {
  readonly level: number;
  readonly place: number;
}

export function placeAt({ leaves, levels }: DaTree, offset: number): DaPlace {
  if (offset === 0) return { level: levels.length, place: 0 };
  let place = offset - 1;
  let level = 0;
  for (let blocks = leaves; place >= blocks; blocks = levels[level - 1] ?? 0) {
    place -= blocks;
    level++;
  }
  return { level, place };
}

/** Writes what every block of the tree begins with. `base`: the file's block that the root is. */
export function encodeDaHeader(
  tree: DaTree,
  { level, place }: DaPlace,
  base: number,
  magic: number,
  bytes: Uint8Array,
): void {
  const view = viewOf(bytes);
  const blocks = level === 0 ? tree.leaves : (tree.levels[level - 1] ?? 0);
  DA_BLOCK.forw.put(view, 0, place + 1 < blocks ? base + offsetOf(tree, level, place + 1) : 0);
  DA_BLOCK.back.put(view, 0, place > 0 ? base + offsetOf(tree, level, place - 1) : 0);
  DA_BLOCK.magic.put(view, 0, magic);
}

/** Writes a node, all zero so far. `lastHash`: of each leaf. */
export function encodeDaNode(
  tree: DaTree,
  { level, place }: DaPlace,
  base: number,
  lastHash: (leaf: number) => number,
  bytes: Uint8Array,
): void {
  encodeDaHeader(tree, { level, place }, base, DA_MAGIC.node, bytes);
  const view = viewOf(bytes);
  const below = childrenOf(tree, level, place);
  DA_NODE.count.put(view, 0, below.end - below.first);
  DA_NODE.level.put(view, 0, level);
  for (let child = below.first; child < below.end; child++) {
    const at = DA_ENTRIES_OFFSET + (child - below.first) * DA_NODE_ENTRY_SIZE;
    DA_NODE_ENTRY.hashval.put(view, at, lastHash(lastLeaf(tree, level - 1, child)));
    DA_NODE_ENTRY.before.put(view, at, base + offsetOf(tree, level - 1, child));
  }
}

function childrenOf({ leaves, levels }: DaTree, level: number, place: number) {
  const below = level === 1 ? leaves : (levels[level - 2] ?? 0);
  const blocks = levels[level - 1] ?? 0;
  return { first: partStart(below, blocks, place), end: partStart(below, blocks, place + 1) };
}

function lastLeaf(tree: DaTree, level: number, place: number): number {
  let last = place;
  for (let at = level; at > 0; at--) last = childrenOf(tree, at, last).end - 1;
  return last;
}
