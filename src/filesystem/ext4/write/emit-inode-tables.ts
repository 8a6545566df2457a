import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import { PIECE_BLOCKS, type Piece, pieceMemory } from "../../../blocks/piece-buffer.ts";
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
import { inodeIndex, type Listed, type PlannedInode } from "./planned-inode.ts";

const INODES_PER_PIECE = PIECE_BLOCKS * INODES_PER_BLOCK;

/** The blocks of inode tables that hold inodes in use; the others read as zeros. */
export function* emitInodeTables(plan: Ext4Plan, seed: number | undefined): Generator<Piece> {
  const { inodesPerGroup } = plan.placement.layout;
  const bytes = pieceMemory();
  const passing = plan.namespace.inodes.from(0);
  const slots: InodeSlot[] = [];
  for (let group = 0; group < plan.groups; group++) {
    const used = plan.statistics.usedInodes[group] ?? 0;
    const table = (plan.placement.inodeTables[group] ?? 0) * BLOCK_SIZE;
    for (let first = 0; first < used; first += INODES_PER_PIECE) {
      const count = Math.min(used - first, INODES_PER_PIECE);
      const piece = bytes.subarray(0, Math.ceil(count / INODES_PER_BLOCK) * BLOCK_SIZE).fill(0);
      for (let i = 0; i < count; i++) {
        // Made once: a million views would outlive their use by far.
        const slot = slots[i] ?? slotIn(bytes, i, plan, seed);
        slots[i] = slot;
        encodeByNumber(plan, passing, slot, group * inodesPerGroup + first + i + 1);
      }
      yield { position: table + first * INODE_SIZE, bytes: piece };
    }
  }
}

/** The place of an inode in a piece. */
function slotIn(
  piece: Uint8Array,
  index: number,
  { variant }: Ext4Plan,
  seed: number | undefined,
): InodeSlot {
  const at = index * INODE_SIZE;
  return { view: viewOf(piece), at, bytes: piece.subarray(at, at + INODE_SIZE), variant, seed };
}

/** @param passing moved to the inode: one for all */
function encodeByNumber(plan: Ext4Plan, passing: Listed, slot: InodeSlot, number: number): void {
  const { namespace, placement, options } = plan;
  if (number === EXT4_JOURNAL_INO && placement.layout.journalBlocks > 0) {
    const journal = journalInode(placement.journal, options.time);
    encodeInode(journal, placement.journal, NO_XATTR_BLOCK, slot, number);
    return;
  }
  const index = inodeIndex(number);
  if (namespace.inodes.node(index) === undefined) {
    encodeUnusedInode(slot, number);
    return;
  }
  passing.index = index;
  encodeInode(passing, mappingOf(placement, namespace, index), xattrBlockOf(plan, passing), slot, number);
}

function xattrBlockOf({ namespace, placement }: Ext4Plan, { xattrs }: PlannedInode): PlacedXattrBlock {
  const { block } = xattrs;
  if (block < 0) return NO_XATTR_BLOCK;
  const blocks = 1 + (namespace.xattrBlocks[block]?.valueBlocks ?? 0);
  return { place: placement.xattrBlocks[block] ?? 0, blocks };
}
