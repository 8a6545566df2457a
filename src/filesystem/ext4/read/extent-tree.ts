/** The blocks of a file whose i_block is the root of an extent tree. */

import { viewOf } from "../../../blocks/field.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { crc } from "../format/checksum.ts";
import {
  EXT_INIT_MAX_LEN,
  EXT4_EXT_MAGIC,
  EXTENT,
  EXTENT_HEADER,
  EXTENT_INDEX,
  EXTENT_RECORD_SIZE,
} from "../format/extent.ts";
import { I_BLOCK_SIZE, INODE } from "../format/inode.ts";
import { broken } from "./broken.ts";
import type { FileInode } from "./inode.ts";
import type { MappedRun, MetadataVisitor } from "./mapped-run.ts";
import { seedOfInode } from "./superblock.ts";
import type { Volume } from "./volume.ts";

/** EXT4_MAX_EXTENT_DEPTH: enough for every file there can be. */
const MAXIMUM_DEPTH = 5;
const LOGICAL_BLOCKS = 2 ** 32;
const CHECKSUM_SIZE = 4;

/** A node of the tree and the file's blocks that it may speak of. */
interface Node {
  readonly view: DataView;
  readonly where: string;
  /** Undefined for the root, which says it itself. */
  readonly depth: number | undefined;
  readonly from: number;
  readonly to: number;
}

/**
 * The extents in ascending order. Throws E_INVALID_FILESYSTEM at the first node that is broken: each must lie within
 * what its parent says of it and strictly after what came before, so the walk ends however the blocks refer to each
 * other.
 */
export function* extentRuns(
  volume: Volume,
  inode: FileInode,
  visit: MetadataVisitor,
): Generator<MappedRun, void> {
  yield* runsBelow(volume, inode, rootOf(inode), visit);
}

/**
 * The extents of a file that has one or none, in its root; undefined where it has more. Throws E_INVALID_FILESYSTEM as
 * the walk over all would.
 */
export function fewExtents(volume: Volume, inode: FileInode): readonly MappedRun[] | undefined {
  const root = rootOf(inode);
  const { entries, depth } = checkedHeader(root);
  if (depth !== 0 || entries > 1) return undefined;
  return entries === 0 ? [] : [extentAt(volume, root, 1, 0)];
}

/** Whether the root has all extents. */
export function isLeafInItself({ view }: FileInode): boolean {
  return EXTENT_HEADER.eh_depth.get(view, INODE.i_block.offset) === 0;
}

function rootOf({ view, number }: FileInode): Node {
  return {
    view: new DataView(view.buffer, view.byteOffset + INODE.i_block.offset, I_BLOCK_SIZE),
    where: inodeName(number),
    depth: undefined,
    from: 0,
    to: LOGICAL_BLOCKS,
  };
}

/** Extent `i`, counted from 1, of a leaf. */
function extentAt(volume: Volume, { view, where, to }: Node, i: number, earliest: number): MappedRun {
  const run = decodeExtent(view, i * EXTENT_RECORD_SIZE);
  checkOrder(where, to, run.logical, earliest);
  if (run.length === 0 || run.logical + run.length > to)
    throw broken(where, `extent ${i} is empty or too long`);
  volume.checkRange(run.physical, run.length, where);
  return run;
}

/** What e2fsck allows a writer to leave unused of a node's room (ext2fs_extent_header_verify). */
const SLACK = 2;

function* runsBelow(
  volume: Volume,
  inode: FileInode,
  node: Node,
  visit: MetadataVisitor,
): Generator<MappedRun, void> {
  const { entries, depth } = checkedHeader(node);
  const { view } = node;
  // Extents and entries for nodes both begin with the file's first block that they are for.
  const first = EXTENT.ee_block.get(view, EXTENT_RECORD_SIZE);
  if (node.depth !== undefined && first !== node.from) {
    throw broken(node.where, `it begins at block ${first} of the file, not at ${node.from} as said above it`);
  }
  let next = node.from;
  for (let i = 1; i <= entries; i++) {
    const at = i * EXTENT_RECORD_SIZE;
    if (depth === 0) {
      const run = extentAt(volume, node, i, next);
      next = run.logical + run.length;
      yield run;
      continue;
    }
    const from = EXTENT_INDEX.ei_block.get(view, at);
    checkOrder(node.where, node.to, from, next);
    const to = i < entries ? EXTENT_INDEX.ei_block.get(view, at + EXTENT_RECORD_SIZE) : node.to;
    if (to <= from) throw broken(node.where, "its entries are out of order");
    next = to;
    const block = EXTENT_INDEX.ei_leaf_hi.get(view, at) * 2 ** 32 + EXTENT_INDEX.ei_leaf_lo.get(view, at);
    visit(block);
    const child = readNode(volume, inode, block, { depth: depth - 1, from, to });
    yield* runsBelow(volume, inode, child, visit);
  }
}

function checkOrder(where: string, to: number, from: number, earliest: number): void {
  if (from < earliest || from >= to) throw broken(where, `its entry for block ${from} is out of order`);
}

function checkedHeader({ view, where, depth: wanted }: Node) {
  const entries = EXTENT_HEADER.eh_entries.get(view, 0);
  const most = EXTENT_HEADER.eh_max.get(view, 0);
  const depth = EXTENT_HEADER.eh_depth.get(view, 0);
  if (EXTENT_HEADER.eh_magic.get(view, 0) !== EXT4_EXT_MAGIC)
    throw broken(where, "its extent tree has no magic number");
  if (depth !== (wanted ?? depth) || depth > MAXIMUM_DEPTH) {
    throw broken(where, `its extent tree has depth ${depth} where that cannot be`);
  }
  const room = Math.floor(view.byteLength / EXTENT_RECORD_SIZE) - 1;
  if (most < room - SLACK || most > room || entries > most) {
    throw broken(where, `its extent tree has ${entries} of ${most} entries: impossible`);
  }
  // An empty node below the root would let a few blocks stand for endless many.
  if (entries === 0 && (depth > 0 || wanted !== undefined)) {
    throw broken(where, "a node of its extent tree is empty");
  }
  return { entries, most, depth };
}

function decodeExtent(view: DataView, at: number): MappedRun {
  const length = EXTENT.ee_len.get(view, at);
  const unwritten = length > EXT_INIT_MAX_LEN;
  return {
    logical: EXTENT.ee_block.get(view, at),
    physical: EXTENT.ee_start_hi.get(view, at) * 2 ** 32 + EXTENT.ee_start_lo.get(view, at),
    length: unwritten ? length - EXT_INIT_MAX_LEN : length,
    unwritten,
  };
}

function readNode(
  volume: Volume,
  inode: FileInode,
  block: number,
  place: Pick<Node, "depth" | "from" | "to">,
): Node {
  const where = `${inodeName(inode.number)}, extent block ${block}`;
  const bytes = volume.block(block, where);
  const node = { ...place, view: viewOf(bytes), where };
  const { most } = checkedHeader(node);
  if (volume.has("metadata_csum")) {
    const tail = EXTENT_RECORD_SIZE * (1 + most);
    if (tail + CHECKSUM_SIZE > bytes.length) throw broken(where, "it has no room for its checksum");
    const seed = seedOfInode(volume.superblock.seed, inode.number, inode.fields.i_generation);
    if (node.view.getUint32(tail, true) !== crc(seed, bytes.subarray(0, tail))) {
      throw broken(where, "its checksum is wrong");
    }
  }
  return node;
}
