/** Where a fork's blocks lie: extents in the inode, or in a tree whose root is there. */
import type { Extent } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import {
  BMBT_KEY_SIZE,
  BMBT_POINTER_SIZE,
  BMBT_RECORD_SIZE,
  BMDR_HEADER,
  putBmbtRecord,
} from "../format/bmbt.ts";
import { BTREE_MAGIC, LONG_BTREE_BLOCK, LONG_BTREE_HEADER, NULL_SIBLING } from "../format/btree.ts";
import { FORMAT } from "../format/inode.ts";
import type { BlockJob } from "./block-jobs.ts";
import { type Owner, sealLongBlock } from "./owner.ts";
import {
  firstRecords,
  levelsBelowRoot,
  sumOf,
  type TreeBlock,
  type TreeRoom,
  treeBlocks,
} from "./tree-shape.ts";

/** Records, or keys with pointers, in a block. */
const BLOCK_RECORDS = Math.floor((4096 - LONG_BTREE_HEADER) / BMBT_RECORD_SIZE);

/** A fork's extents, and the blocks of its tree, leaves first. */
export interface Mapping {
  readonly extents: readonly Extent[];
  readonly nodes: readonly number[];
}

export const NO_MAPPING: Mapping = { extents: [], nodes: [] };

/** Blocks of the tree that so many extents need in a fork of so many bytes. */
export function bmapNodes(extents: number, forkBytes: number): number {
  // Of nearly all: no room is reckoned for them.
  if (extents * BMBT_RECORD_SIZE <= forkBytes) return 0;
  return sumOf(levelsBelowRoot(extents, roomOf(forkBytes)));
}

/** di_format of a fork with these extents. */
export function bmapFormat({ nodes }: Mapping): number {
  return nodes.length === 0 ? FORMAT.extents : FORMAT.btree;
}

function roomOf(forkBytes: number): TreeRoom {
  const root = { records: Math.floor(forkBytes / BMBT_RECORD_SIZE), children: rootChildren(forkBytes) };
  return { leaf: BLOCK_RECORDS, node: BLOCK_RECORDS, root };
}

function rootChildren(forkBytes: number): number {
  return Math.floor((forkBytes - BMDR_HEADER) / (BMBT_KEY_SIZE + BMBT_POINTER_SIZE));
}

/** Writes extents that lie in the inode, from byte `at` on. */
export function putExtents(extents: readonly Extent[], view: DataView, at: number): void {
  for (let i = 0; i < extents.length; i++) {
    putBmbtRecord(view, at + i * BMBT_RECORD_SIZE, extents[i] ?? NOTHING);
  }
}

/** Writes the fork, all zero so far. */
export function encodeBmapFork({ extents, nodes }: Mapping, fork: Uint8Array): void {
  const view = viewOf(fork);
  if (nodes.length === 0) {
    putExtents(extents, view, 0);
    return;
  }
  const levels = levelsBelowRoot(extents.length, roomOf(fork.length));
  const firsts = firstRecords(levels, extents.length);
  const children = levels.at(-1) ?? 0;
  const below = sumOf(levels) - children;
  view.setUint16(0, levels.length);
  view.setUint16(2, children);
  const pointersAt = BMDR_HEADER + rootChildren(fork.length) * BMBT_KEY_SIZE;
  for (let i = 0; i < children; i++) {
    const key = extents[firsts[below + i] ?? 0]?.logical ?? 0;
    putKeyAndPointer(view, { at: BMDR_HEADER, pointersAt, i }, key, nodes[below + i] ?? 0);
  }
}

interface Place {
  readonly at: number;
  readonly pointersAt: number;
  readonly i: number;
}

function putKeyAndPointer(view: DataView, { at, pointersAt, i }: Place, key: number, pointer: number): void {
  view.setBigUint64(at + i * BMBT_KEY_SIZE, BigInt(key));
  view.setBigUint64(pointersAt + i * BMBT_POINTER_SIZE, BigInt(pointer));
}

/** Every block of the tree. */
export function* bmapBlocks(
  { extents, nodes }: Mapping,
  forkBytes: number,
  owner: Owner,
): Generator<BlockJob> {
  const levels = levelsBelowRoot(extents.length, roomOf(forkBytes));
  const firsts = firstRecords(levels, extents.length);
  let index = 0;
  for (const part of treeBlocks(levels, extents.length)) {
    const here = index++;
    const block = nodes[here] ?? 0;
    const isFirst = part.place === 0;
    const isLast = part.place === part.blocks - 1;
    const encode = (bytes: Uint8Array): void => {
      const view = viewOf(bytes);
      LONG_BTREE_BLOCK.bb_magic.put(view, 0, BTREE_MAGIC.bmap);
      LONG_BTREE_BLOCK.bb_level.put(view, 0, part.level);
      LONG_BTREE_BLOCK.bb_numrecs.put(view, 0, part.count);
      LONG_BTREE_BLOCK.bb_leftsib.put(view, 0, isFirst ? NULL_SIBLING : (nodes[here - 1] ?? 0));
      LONG_BTREE_BLOCK.bb_rightsib.put(view, 0, isLast ? NULL_SIBLING : (nodes[here + 1] ?? 0));
      if (part.level === 0) putRecords(view, extents, part);
      else putChildren(view, { extents, nodes }, firsts, part);
      sealLongBlock(bytes, block, owner);
    };
    yield { block, encode };
  }
}

function putRecords(view: DataView, extents: readonly Extent[], { first, count }: TreeBlock): void {
  for (let i = 0; i < count; i++) {
    putBmbtRecord(view, LONG_BTREE_HEADER + i * BMBT_RECORD_SIZE, extents[first + i] ?? NOTHING);
  }
}

function putChildren(
  view: DataView,
  { extents, nodes }: Mapping,
  firsts: readonly number[],
  { count, firstBelow }: TreeBlock,
): void {
  const pointersAt = LONG_BTREE_HEADER + BLOCK_RECORDS * BMBT_KEY_SIZE;
  for (let i = 0; i < count; i++) {
    const key = extents[firsts[firstBelow + i] ?? 0]?.logical ?? 0;
    putKeyAndPointer(view, { at: LONG_BTREE_HEADER, pointersAt, i }, key, nodes[firstBelow + i] ?? 0);
  }
}

const NOTHING: Extent = { logical: 0, physical: 0, length: 0 };

/** Blocks in all extents. */
export function mappedBlocks(extents: readonly Extent[]): number {
  let total = 0;
  for (const extent of extents) total += extent.length;
  return total;
}
