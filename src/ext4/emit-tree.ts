/** The blocks of directories, long symlinks, extent trees and attributes. */
import { crc, crcOfLong, inodeSeed } from "./checksum.ts";
import { type DirectoryContext, encodeDirectoryBlock } from "./directory-blocks.ts";
import { encodeNode, type Mapping } from "./extent-tree.ts";
import { EXTENT_TAIL_OFFSET } from "./format/extent.ts";
import { viewOf } from "./format/field.ts";
import { EXT4_JOURNAL_INO } from "./format/inode.ts";
import { XATTR_HEADER } from "./format/xattr.ts";
import { type Piece, PieceBuffer } from "./piece-buffer.ts";
import { ownBlocks } from "./placement.ts";
import type { Ext4Plan } from "./plan.ts";
import { inodeNumber, type PlannedInode } from "./planned-inode.ts";

export function* emitTree(plan: Ext4Plan, seed: number): Generator<Piece> {
  const { namespace, placement } = plan;
  const buffer = new PieceBuffer();
  for (let index = 0; index < namespace.inodes.length; index++) {
    const planned = namespace.inodes[index];
    const mapping = placement.mappings[index];
    if (planned === undefined || mapping === undefined) continue;
    const number = inodeNumber(index);
    if (ownBlocks(planned) > 0)
      yield* emitOwnBlocks(buffer, plan, planned, number, mapping, inodeSeed(seed, number));
    if (mapping.nodes.length > 0) yield* emitNodes(buffer, mapping, inodeSeed(seed, number));
  }
  yield* emitNodes(buffer, placement.journal, inodeSeed(seed, EXT4_JOURNAL_INO));
  yield* emitXattrBlocks(buffer, plan, seed);
  yield* buffer.take();
}

function* emitOwnBlocks(
  buffer: PieceBuffer,
  { namespace }: Ext4Plan,
  planned: PlannedInode,
  number: number,
  mapping: Mapping,
  seed: number,
): Generator<Piece> {
  const { node, directory: layout, parent } = planned;
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
      else if (node.type === "symlink") block.set(Buffer.from(node.target, "latin1"));
    }
  }
}

function* emitNodes(buffer: PieceBuffer, mapping: Mapping, seed: number): Generator<Piece> {
  for (const [index, node] of mapping.nodes.entries()) {
    if (!buffer.accepts(node)) yield* buffer.take();
    const block = buffer.add(node);
    encodeNode(mapping, index, block);
    viewOf(block).setUint32(EXTENT_TAIL_OFFSET, crc(seed, block.subarray(0, EXTENT_TAIL_OFFSET)), true);
  }
}

function* emitXattrBlocks(
  buffer: PieceBuffer,
  { namespace, placement }: Ext4Plan,
  seed: number,
): Generator<Piece> {
  for (const [index, { bytes, references }] of namespace.xattrBlocks.entries()) {
    const place = placement.xattrBlocks[index] ?? 0;
    if (!buffer.accepts(place)) yield* buffer.take();
    const block = buffer.add(place);
    block.set(bytes);
    const view = viewOf(block);
    XATTR_HEADER.h_refcount.put(view, 0, references);
    // The checksum covers the place, so that a block written to a wrong one is found out.
    XATTR_HEADER.h_checksum.put(view, 0, crc(crcOfLong(seed, place), block));
  }
}
