import { BLOCK_SIZE } from "../output/blocks.ts";
import { viewOf } from "./format/field.ts";
import { EXT4_JOURNAL_INO, INODE_SIZE } from "./format/inode.ts";
import type { InodeSlot } from "./inode-encoding.ts";
import { encodeInode, encodeUnusedInode } from "./inode-encoding.ts";
import { journalInode } from "./journal.ts";
import { PIECE_BLOCKS, type Piece } from "./piece-buffer.ts";
import type { Ext4Plan } from "./plan.ts";
import { inodeIndex } from "./planned-inode.ts";

const INODES_PER_BLOCK = BLOCK_SIZE / INODE_SIZE;
const INODES_PER_PIECE = PIECE_BLOCKS * INODES_PER_BLOCK;

/** The blocks of inode tables that hold inodes in use; the others read as zeros. */
export function* emitInodeTables(plan: Ext4Plan, seed: number): Generator<Piece> {
  const { inodesPerGroup } = plan.placement.layout;
  const bytes = new Uint8Array(PIECE_BLOCKS * BLOCK_SIZE);
  const view = viewOf(bytes);
  for (let group = 0; group < plan.groups; group++) {
    const used = plan.statistics.usedInodes[group] ?? 0;
    const table = (plan.placement.inodeTables[group] ?? 0) * BLOCK_SIZE;
    for (let first = 0; first < used; first += INODES_PER_PIECE) {
      const count = Math.min(used - first, INODES_PER_PIECE);
      bytes.fill(0);
      for (let i = 0; i < count; i++) {
        const number = group * inodesPerGroup + first + i + 1;
        encodeByNumber(plan, { bytes, view, at: i * INODE_SIZE, number, seed });
      }
      const length = Math.ceil(count / INODES_PER_BLOCK) * BLOCK_SIZE;
      yield { position: table + first * INODE_SIZE, bytes: bytes.subarray(0, length) };
    }
  }
}

function encodeByNumber(plan: Ext4Plan, slot: InodeSlot): void {
  const { namespace, placement, options } = plan;
  if (slot.number === EXT4_JOURNAL_INO) {
    encodeInode(journalInode(placement.journal, options.time), placement.journal, 0, slot);
    return;
  }
  const index = inodeIndex(slot.number);
  const planned = namespace.inodes[index];
  const mapping = placement.mappings[index];
  if (planned === undefined || mapping === undefined) encodeUnusedInode(slot);
  else encodeInode(planned, mapping, placement.xattrBlocks[planned.xattrBlock] ?? 0, slot);
}
