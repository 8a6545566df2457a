/** The blocks of directories, long symlinks, extent trees and attributes. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import { type Piece, PieceBuffer } from "../../../blocks/piece-buffer.ts";
import { crc, crcOfLong, inodeSeed } from "../format/checksum.ts";
import { EXTENT_TAIL_OFFSET } from "../format/extent.ts";
import { EXT4_JOURNAL_INO } from "../format/inode.ts";
import { XATTR_ENTRY, XATTR_HEADER } from "../format/xattr.ts";
import { type DirectoryContext, encodeDirectoryBlock } from "./directory-blocks.ts";
import type { Mapping } from "./mapping.ts";
import { ownBlocks } from "./placement.ts";
import type { Ext4Plan } from "./plan.ts";
import { inodeNumber, type PlannedInode } from "./planned-inode.ts";

export function* emitTree(plan: Ext4Plan, seed: number | undefined): Generator<Piece> {
  const { namespace, placement } = plan;
  const buffer = new PieceBuffer();
  for (const [index, mapping] of placement.mappings) {
    const planned = namespace.inodes.at(index);
    if (planned === undefined) continue;
    const own = { number: inodeNumber(index), mapping, seed: seedOf(seed, inodeNumber(index)) };
    if (ownBlocks(planned) > 0) yield* emitOwnBlocks(buffer, plan, planned, own);
    if (mapping.nodes.length > 0) yield* emitNodes(buffer, plan, own);
  }
  const number = EXT4_JOURNAL_INO;
  yield* emitNodes(buffer, plan, { number, mapping: placement.journal, seed: seedOf(seed, number) });
  yield* emitXattrBlocks(buffer, plan, seed);
  yield* buffer.take();
}

/** What the blocks of an inode need to know of it. */
interface Owner {
  readonly number: number;
  readonly mapping: Mapping;
  /** What the checksums of its blocks begin with, if they have any. */
  readonly seed: number | undefined;
}

function seedOf(seed: number | undefined, number: number): number | undefined {
  return seed === undefined ? undefined : inodeSeed(seed, number);
}

function* emitOwnBlocks(
  buffer: PieceBuffer,
  { namespace }: Ext4Plan,
  planned: PlannedInode,
  { number, mapping, seed }: Owner,
): Generator<Piece> {
  const { node, directory: layout, parent, valueInode } = planned;
  const directory: DirectoryContext | undefined = layout && {
    layout,
    inodes: namespace.inodes,
    number,
    parent: inodeNumber(parent),
    seed,
  };
  for (const { logical, physical, length } of mapping.extents) {
    for (let i = 0; i < length; i++) {
      if (!buffer.accepts(physical + i)) yield* buffer.take();
      const block = buffer.add(physical + i);
      if (directory !== undefined) encodeDirectoryBlock(directory, logical + i, block);
      else if (valueInode !== undefined) block.set(valuePart(valueInode.value, logical + i));
      else if (node.type === "symlink") block.set(Buffer.from(node.target, "latin1"));
    }
  }
}

function valuePart(value: Uint8Array, logical: number): Uint8Array {
  return value.subarray(logical * BLOCK_SIZE, (logical + 1) * BLOCK_SIZE);
}

function* emitNodes(buffer: PieceBuffer, { variant }: Ext4Plan, { mapping, seed }: Owner): Generator<Piece> {
  const encodeNode = variant.map.nodeEncoder(mapping);
  for (const [index, node] of mapping.nodes.entries()) {
    if (!buffer.accepts(node)) yield* buffer.take();
    const block = buffer.add(node);
    encodeNode(index, block);
    if (seed === undefined) continue;
    viewOf(block).setUint32(EXTENT_TAIL_OFFSET, crc(seed, block.subarray(0, EXTENT_TAIL_OFFSET)), true);
  }
}

function* emitXattrBlocks(
  buffer: PieceBuffer,
  { namespace, placement }: Ext4Plan,
  seed: number | undefined,
): Generator<Piece> {
  const firstValue = namespace.inodes.length - namespace.valueInodes;
  for (const [index, { bytes, references, values }] of namespace.xattrBlocks.entries()) {
    const place = placement.xattrBlocks[index] ?? 0;
    if (!buffer.accepts(place)) yield* buffer.take();
    const block = buffer.add(place);
    block.set(bytes);
    const view = viewOf(block);
    XATTR_HEADER.h_refcount.put(view, 0, references);
    for (const { at, index: value } of values) {
      XATTR_ENTRY.e_value_inum.put(view, at, inodeNumber(firstValue + value));
    }
    if (seed === undefined) continue;
    // The checksum covers the place, so that a block written to a wrong one is found out.
    XATTR_HEADER.h_checksum.put(view, 0, crc(crcOfLong(seed, place), block));
  }
}
