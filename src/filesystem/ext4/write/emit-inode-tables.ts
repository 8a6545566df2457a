import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import { PIECE_BLOCKS, type Piece } from "../../../blocks/piece-buffer.ts";
import { EXT4_JOURNAL_INO, INODE_SIZE } from "../format/inode.ts";
import { INODES_PER_BLOCK } from "./geometry.ts";
import {
  encodeInode,
  encodeUnusedInode,
  type InodeSlot,
  NO_XATTR_BLOCK,
  type PlacedXattrBlock,
} from "./inode-encoding.ts";
import { journalInode } from "./journal.ts";
import { mappingOf } from "./placement.ts";
import type { Ext4Plan } from "./plan.ts";
import { inodeIndex, type PlannedInode } from "./planned-inode.ts";

const INODES_PER_PIECE = PIECE_BLOCKS * INODES_PER_BLOCK;

/** The blocks of inode tables that hold inodes in use; the others read as zeros. */
export function* emitInodeTables(plan: Ext4Plan, seed: number | undefined): Generator<Piece> {
  const { inodesPerGroup } = plan.placement.layout;
  const bytes = new Uint8Array(PIECE_BLOCKS * BLOCK_SIZE);
  const slots = slotsIn(bytes, plan, seed);
  for (let group = 0; group < plan.groups; group++) {
    const used = plan.statistics.usedInodes[group] ?? 0;
    const table = (plan.placement.inodeTables[group] ?? 0) * BLOCK_SIZE;
    for (let first = 0; first < used; first += INODES_PER_PIECE) {
      const count = Math.min(used - first, INODES_PER_PIECE);
      bytes.fill(0);
      for (let i = 0; i < count; i++) {
        const slot = slots[i];
        if (slot !== undefined) encodeByNumber(plan, slot, group * inodesPerGroup + first + i + 1);
      }
      const length = Math.ceil(count / INODES_PER_BLOCK) * BLOCK_SIZE;
      yield { position: table + first * INODE_SIZE, bytes: bytes.subarray(0, length) };
    }
  }
}

/** A slot for each inode of a piece, made once: a million views would outlive their use by far. */
function slotsIn(bytes: Uint8Array, { variant }: Ext4Plan, seed: number | undefined): readonly InodeSlot[] {
  const view = viewOf(bytes);
  return Array.from({ length: INODES_PER_PIECE }, (_, i) => {
    const at = i * INODE_SIZE;
    return { view, at, bytes: bytes.subarray(at, at + INODE_SIZE), variant, seed };
  });
}

function encodeByNumber(plan: Ext4Plan, slot: InodeSlot, number: number): void {
  const { namespace, placement, options } = plan;
  if (number === EXT4_JOURNAL_INO && placement.layout.journalBlocks > 0) {
    const journal = journalInode(placement.journal, options.time);
    encodeInode(journal, placement.journal, NO_XATTR_BLOCK, slot, number);
    return;
  }
  const index = inodeIndex(number);
  const planned = namespace.inodes[index];
  if (planned === undefined) encodeUnusedInode(slot, number);
  else encodeInode(planned, mappingOf(placement, index, planned), xattrBlockOf(plan, planned), slot, number);
}

function xattrBlockOf({ namespace, placement }: Ext4Plan, { xattrs }: PlannedInode): PlacedXattrBlock {
  const { block } = xattrs;
  if (block < 0) return NO_XATTR_BLOCK;
  const blocks = 1 + (namespace.xattrBlocks[block]?.valueBlocks ?? 0);
  return { place: placement.xattrBlocks[block] ?? 0, blocks };
}
