/** The block maps of ext2 and ext3: the number of each of a file's blocks, in i_block and in blocks of pointers. */

import { viewOf } from "../../../blocks/field.ts";
import type { Extent } from "../../../tree/inode.ts";
import { BLOCK_MAP, DIRECT_BLOCKS, POINTER_SIZE, POINTERS_PER_BLOCK } from "../format/block-map.ts";
import type { MapForm, Mapping } from "./mapping.ts";

/** Sectors that 32 bits of i_blocks count, as blocks of 4 KiB. */
const COUNTED_BLOCKS = Math.floor((2 ** 32 - 1) / 8);
/** Pointer blocks of a full map: ext4_max_bitmap_size (fs/ext4/super.c) takes them off the blocks that count. */
const FULL_MAP = 3 + 2 * POINTERS_PER_BLOCK + POINTERS_PER_BLOCK ** 2;
/** Most blocks of a file, holes included: 4 GiB less than 2 TiB. */
export const BLOCK_MAP_FILE_BLOCKS = COUNTED_BLOCKS - FULL_MAP;

/** Nodes are the blocks that point to contents first, then those that point to them, then the triple indirect one. */
export const BLOCK_MAP_FORM: MapForm = {
  flags: 0,
  nodeCount,
  encodeRoot,
  nodeEncoder: (mapping) => {
    const shape = shapeOf(mapping.extents);
    return (index, block) => encodeNode(shape, mapping, index, block);
  },
};

/**
 * Which pointer blocks there are: only those that lead to contents. Leaf 0 is the indirect block, leaves 1 to 1,024
 * are the double indirect block's, all others the triple indirect one's. Middle 0 is the double indirect block.
 */
interface Shape {
  readonly leaves: readonly number[];
  readonly middles: readonly number[];
  readonly top: boolean;
}

function nodeCount(extents: readonly Extent[]): number {
  const last = extents.at(-1);
  if (last === undefined || last.logical + last.length <= DIRECT_BLOCKS) return 0;
  const { leaves, middles, top } = shapeOf(extents);
  return leaves.length + middles.length + (top ? 1 : 0);
}

function shapeOf(extents: readonly Extent[]): Shape {
  const leaves: number[] = [];
  for (const { logical, length } of extents) {
    const first = leafOf(Math.max(logical, DIRECT_BLOCKS));
    const last = leafOf(logical + length - 1);
    for (let leaf = first; leaf <= last; leaf++) if (leaf !== leaves.at(-1)) leaves.push(leaf);
  }
  const middles: number[] = [];
  for (const leaf of leaves) {
    const middle = middleOf(leaf);
    if (leaf > 0 && middle !== middles.at(-1)) middles.push(middle);
  }
  return { leaves, middles, top: (middles.at(-1) ?? 0) > 0 };
}

/** The leaf that points to a block of the file; -1 for those that i_block does. */
function leafOf(logical: number): number {
  return Math.floor((logical - DIRECT_BLOCKS) / POINTERS_PER_BLOCK);
}

function middleOf(leaf: number): number {
  return Math.floor((leaf - 1) / POINTERS_PER_BLOCK);
}

function encodeRoot(mapping: Mapping, view: DataView, at: number): void {
  const { extents, nodes } = mapping;
  if (extents.length === 0) return;
  encodePointers(extents, 0, DIRECT_BLOCKS, view, at);
  if (nodes.length === 0) return;
  const { leaves, middles, top } = shapeOf(extents);
  if (leaves[0] === 0) BLOCK_MAP.indirect.put(view, at, nodes[0] ?? 0);
  if (middles[0] === 0) BLOCK_MAP.double_indirect.put(view, at, nodes[leaves.length] ?? 0);
  if (top) BLOCK_MAP.triple_indirect.put(view, at, nodes.at(-1) ?? 0);
}

function encodeNode(shape: Shape, { extents, nodes }: Mapping, index: number, block: Uint8Array): void {
  const { leaves, middles } = shape;
  const view = viewOf(block);
  const leaf = leaves[index];
  if (leaf !== undefined) {
    encodePointers(extents, DIRECT_BLOCKS + leaf * POINTERS_PER_BLOCK, POINTERS_PER_BLOCK, view, 0);
    return;
  }
  const middle = middles[index - leaves.length];
  if (middle !== undefined) encodeNodes(leaves, nodes, 0, 1 + middle * POINTERS_PER_BLOCK, view);
  else encodeNodes(middles, nodes, leaves.length, 1, view);
}

/** Writes the numbers of `count` of the file's blocks, from `first` on. */
function encodePointers(
  extents: readonly Extent[],
  first: number,
  count: number,
  view: DataView,
  at: number,
): void {
  const end = first + count;
  for (let i = extentFrom(extents, first); i < extents.length; i++) {
    const { logical, physical, length } = extents[i] ?? NOTHING;
    if (logical >= end) return;
    const stop = Math.min(logical + length, end);
    for (let block = Math.max(logical, first); block < stop; block++) {
      view.setUint32(at + (block - first) * POINTER_SIZE, physical + block - logical, true);
    }
  }
}

const NOTHING: Extent = { logical: 0, physical: 0, length: 0 };

/** Index of the first extent that ends after block `logical` of the file. */
function extentFrom(extents: readonly Extent[], logical: number): number {
  let low = 0;
  let high = extents.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { logical: start, length } = extents[middle] ?? NOTHING;
    if (start + length > logical) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Writes where the pointer blocks `first` and on of a level lie, whose own are `nodes[base]` and on. */
function encodeNodes(
  level: readonly number[],
  nodes: readonly number[],
  base: number,
  first: number,
  view: DataView,
): void {
  for (let i = numberFrom(level, first); i < level.length; i++) {
    const place = (level[i] ?? 0) - first;
    if (place >= POINTERS_PER_BLOCK) return;
    view.setUint32(place * POINTER_SIZE, nodes[base + i] ?? 0, true);
  }
}

/** Index of the first of the ascending numbers that is not below `least`. */
function numberFrom(numbers: readonly number[], least: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) >= least) high = middle;
    else low = middle + 1;
  }
  return low;
}
