/** The blocks of a file whose i_block is the root of an extent tree. */

import { decode, viewOf } from "../../../blocks/field.ts";
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
  readonly bytes: Uint8Array;
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
  const root: Node = {
    bytes: inode.fields.i_block,
    where: inodeName(inode.number),
    depth: undefined,
    from: 0,
    to: LOGICAL_BLOCKS,
  };
  yield* runsBelow(volume, inode, root, visit);
}

/** What e2fsck allows a writer to leave unused of a node's room (ext2fs_extent_header_verify). */
const SLACK = 2;

function* runsBelow(
  volume: Volume,
  inode: FileInode,
  node: Node,
  visit: MetadataVisitor,
): Generator<MappedRun, void> {
  const header = checkedHeader(node);
  const view = viewOf(node.bytes);
  // Extents and entries for nodes both begin with the file's first block that they are for.
  const first = EXTENT.ee_block.get(view, EXTENT_RECORD_SIZE);
  if (node.depth !== undefined && first !== node.from) {
    throw broken(node.where, `it begins at block ${first} of the file, not at ${node.from} as said above it`);
  }
  let next = node.from;
  for (let i = 1; i <= header.eh_entries; i++) {
    const at = i * EXTENT_RECORD_SIZE;
    if (header.eh_depth === 0) {
      const run = decodeExtent(view, at);
      checkOrder(node, run.logical, next);
      next = run.logical + run.length;
      if (run.length === 0 || next > node.to) throw broken(node.where, `extent ${i} is empty or too long`);
      volume.checkRange(run.physical, run.length, node.where);
      yield run;
      continue;
    }
    const from = EXTENT_INDEX.ei_block.get(view, at);
    checkOrder(node, from, next);
    const to = i < header.eh_entries ? EXTENT_INDEX.ei_block.get(view, at + EXTENT_RECORD_SIZE) : node.to;
    if (to <= from) throw broken(node.where, "its entries are out of order");
    next = to;
    const block = EXTENT_INDEX.ei_leaf_hi.get(view, at) * 2 ** 32 + EXTENT_INDEX.ei_leaf_lo.get(view, at);
    visit(block);
    const child = readNode(volume, inode, block, { depth: header.eh_depth - 1, from, to });
    yield* runsBelow(volume, inode, child, visit);
  }
}

function checkOrder({ where, to }: Node, from: number, earliest: number): void {
  if (from < earliest || from >= to) throw broken(where, `its entry for block ${from} is out of order`);
}

function checkedHeader({ bytes, where, depth }: Node) {
  const header = decode(EXTENT_HEADER, viewOf(bytes), 0);
  if (header.eh_magic !== EXT4_EXT_MAGIC) throw broken(where, "its extent tree has no magic number");
  if (header.eh_depth !== (depth ?? header.eh_depth) || header.eh_depth > MAXIMUM_DEPTH) {
    throw broken(where, `its extent tree has depth ${header.eh_depth} where that cannot be`);
  }
  const room = Math.floor(bytes.length / EXTENT_RECORD_SIZE) - 1;
  if (header.eh_max < room - SLACK || header.eh_max > room || header.eh_entries > header.eh_max) {
    throw broken(where, `its extent tree has ${header.eh_entries} of ${header.eh_max} entries: impossible`);
  }
  // An empty node below the root would let a few blocks stand for endless many.
  if (header.eh_entries === 0 && (header.eh_depth > 0 || depth !== undefined)) {
    throw broken(where, "a node of its extent tree is empty");
  }
  return header;
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
  const node = { ...place, bytes, where };
  const header = checkedHeader(node);
  if (volume.has("metadata_csum")) {
    const tail = EXTENT_RECORD_SIZE * (1 + header.eh_max);
    if (tail + CHECKSUM_SIZE > bytes.length) throw broken(where, "it has no room for its checksum");
    const seed = seedOfInode(volume.superblock.seed, inode.number, inode.fields.i_generation);
    if (viewOf(bytes).getUint32(tail, true) !== crc(seed, bytes.subarray(0, tail))) {
      throw broken(where, "its checksum is wrong");
    }
  }
  return node;
}
