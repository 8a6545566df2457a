import { high32, viewOf } from "../../../blocks/field.ts";
import type { Extent } from "../../../tree/inode.ts";
import {
  BLOCK_EXTENTS,
  EXT4_EXT_MAGIC,
  EXTENT,
  EXTENT_HEADER,
  EXTENT_INDEX,
  EXTENT_RECORD_SIZE,
  ROOT_EXTENTS,
} from "../format/extent.ts";
import { EXT4_EXTENTS_FL } from "../format/inode.ts";
import type { MapForm, Mapping } from "./mapping.ts";

/** The extent tree of fs/ext4/ext4_extents.h: nodes are leaves first, the root's children last. */
export const EXTENT_TREE: MapForm = {
  flags: EXT4_EXTENTS_FL,
  nodeCount: (extents) => treeBlocks(extents.length),
  encodeRoot,
  nodeEncoder: (mapping) => (index, block) => encodeNode(mapping, index, block),
};

/** Blocks of a tree of so many extents besides its root, which lies in the inode. */
export function treeBlocks(extents: number): number {
  // Of a million files nearly all: nothing is made for them.
  if (extents <= ROOT_EXTENTS) return 0;
  return levelSizes(extents).reduce((total, size) => total + size, 0);
}

const NOTHING: Extent = { logical: 0, physical: 0, length: 0 };
const NO_LEVELS: readonly number[] = [];

/** Nodes on each level, leaves first: full ones but for the last of a level, until the root has room for all. */
function levelSizes(extents: number): readonly number[] {
  if (extents <= ROOT_EXTENTS) return NO_LEVELS;
  const sizes: number[] = [];
  for (let records = extents; records > ROOT_EXTENTS; records = sizes.at(-1) ?? 0) {
    sizes.push(Math.ceil(records / BLOCK_EXTENTS));
  }
  return sizes;
}

/** Writes the tree's root at byte `at`: the 60 bytes of i_block. */
function encodeRoot(mapping: Mapping, view: DataView, at: number): void {
  const sizes = levelSizes(mapping.extents.length);
  const depth = sizes.length;
  const records = depth === 0 ? mapping.extents.length : (sizes[depth - 1] ?? 0);
  encodeHeader(view, at, records, ROOT_EXTENTS, depth);
  encodeRecords(mapping, sizes, depth, 0, records, view, at + EXTENT_RECORD_SIZE);
}

/** Writes the tree's node `index` (of `mapping.nodes`) into a block of zeros; its checksum is left to do. */
function encodeNode(mapping: Mapping, index: number, block: Uint8Array): void {
  const sizes = levelSizes(mapping.extents.length);
  let level = 0;
  let position = index;
  while (position >= (sizes[level] ?? Number.POSITIVE_INFINITY)) position -= sizes[level++] ?? 0;
  const first = position * BLOCK_EXTENTS;
  const below = level === 0 ? mapping.extents.length : (sizes[level - 1] ?? 0);
  const records = Math.min(BLOCK_EXTENTS, below - first);
  const view = viewOf(block);
  encodeHeader(view, 0, records, BLOCK_EXTENTS, level);
  encodeRecords(mapping, sizes, level, first, records, view, EXTENT_RECORD_SIZE);
}

function encodeHeader(view: DataView, at: number, entries: number, max: number, depth: number): void {
  EXTENT_HEADER.eh_magic.put(view, at, EXT4_EXT_MAGIC);
  EXTENT_HEADER.eh_entries.put(view, at, entries);
  EXTENT_HEADER.eh_max.put(view, at, max);
  EXTENT_HEADER.eh_depth.put(view, at, depth);
}

/** Writes records `first` and on of a node at `level`: extents at 0, above that the nodes of the level below. */
function encodeRecords(
  { extents, nodes }: Mapping,
  sizes: readonly number[],
  level: number,
  first: number,
  count: number,
  view: DataView,
  at: number,
): void {
  if (level === 0) {
    for (let i = 0; i < count; i++)
      encodeExtent(extents[first + i] ?? NOTHING, view, at + i * EXTENT_RECORD_SIZE);
    return;
  }
  let base = 0;
  for (let below = 0; below < level - 1; below++) base += sizes[below] ?? 0;
  // Every node but the last of its level is full, so the first extent under one follows from its place.
  const span = BLOCK_EXTENTS ** level;
  for (let i = 0; i < count; i++) {
    const where = at + i * EXTENT_RECORD_SIZE;
    const node = nodes[base + first + i] ?? 0;
    EXTENT_INDEX.ei_block.put(view, where, extents[(first + i) * span]?.logical ?? 0);
    EXTENT_INDEX.ei_leaf_lo.put(view, where, node);
    EXTENT_INDEX.ei_leaf_hi.put(view, where, high32(node));
  }
}

function encodeExtent(extent: Extent, view: DataView, at: number): void {
  EXTENT.ee_block.put(view, at, extent.logical);
  EXTENT.ee_len.put(view, at, extent.length);
  EXTENT.ee_start_hi.put(view, at, high32(extent.physical));
  EXTENT.ee_start_lo.put(view, at, extent.physical);
}
