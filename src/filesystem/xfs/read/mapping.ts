/** Where the blocks of a file, or of its attributes, lie. */

import { decode, viewOf } from "../../../blocks/field.ts";
import type { Paused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import {
  BMBT_KEY_SIZE,
  BMBT_POINTER_SIZE,
  BMBT_RECORD_SIZE,
  BMDR_HEADER,
  type BmbtRecord,
  getBmbtRecord,
} from "../format/bmbt.ts";
import { BTREE_MAGIC, LONG_BTREE_BLOCK, LONG_BTREE_HEADER } from "../format/btree.ts";
import { broken } from "./broken.ts";
import type { Fork, XfsInode } from "./inode.ts";
import type { SelfDescription, Volume } from "./volume.ts";

const BMAP_BLOCK: SelfDescription = {
  magic: { field: LONG_BTREE_BLOCK.bb_magic, values: [BTREE_MAGIC.bmap] },
  crc: LONG_BTREE_BLOCK.bb_crc,
  owner: LONG_BTREE_BLOCK.bb_owner,
  blkno: LONG_BTREE_BLOCK.bb_blkno,
};
/** More than a tree of a file has on any disk (XFS_BM_MAXLEVELS_64K and around). */
const MOST_LEVELS = 16;

/**
 * The records of a fork that has blocks, ascending by `logical`. Throws E_INVALID_FILESYSTEM for a broken mapping; since
 * each record begins where the one before ends or later, none is met twice, whatever points to its block.
 */
export function* mappedRuns(volume: Volume, inode: XfsInode, fork: Fork): Paused<BmbtRecord> {
  const where = inodeName(inode.number);
  let end = 0;
  for (const record of recordsOf(volume, inode, fork)) {
    if (record === undefined) {
      yield;
      continue;
    }
    const { logical, physical, length } = record;
    if (length === 0 || logical < end) throw broken(where, `its extent at block ${logical} is out of order`);
    volume.position(physical, length, where);
    end = logical + length;
    yield record;
  }
}

function* recordsOf(volume: Volume, inode: XfsInode, fork: Fork): Paused<BmbtRecord> {
  const where = inodeName(inode.number);
  if (fork.format === "extents") {
    if (fork.extents * BMBT_RECORD_SIZE > fork.bytes.length) {
      throw broken(where, `it has no room for ${fork.extents} extents`);
    }
    yield* recordsIn(fork.bytes, 0, fork.extents);
    return;
  }
  if (fork.format !== "btree") throw broken(where, "its contents have no extents");
  const view = viewOf(fork.bytes);
  const level = view.getUint16(0);
  const count = view.getUint16(2);
  const most = Math.floor((fork.bytes.length - BMDR_HEADER) / (BMBT_KEY_SIZE + BMBT_POINTER_SIZE));
  if (level === 0 || level > MOST_LEVELS || count === 0 || count > most) {
    throw broken(where, "the root of its extents' tree is impossible");
  }
  const pointers = BMDR_HEADER + most * BMBT_KEY_SIZE;
  for (const block of pointersIn(view, pointers, count)) yield* recordsBelow(volume, inode, block, level - 1);
}

function* recordsBelow(volume: Volume, inode: XfsInode, fsblock: number, level: number): Paused<BmbtRecord> {
  yield;
  const where = `${inodeName(inode.number)}, extent block ${fsblock}`;
  const bytes = volume.block(fsblock, where);
  volume.check(bytes, BMAP_BLOCK, fsblock, inode.number, where);
  const view = viewOf(bytes);
  const { bb_level, bb_numrecs } = decode(LONG_BTREE_BLOCK, view, 0);
  const most = Math.floor((bytes.length - LONG_BTREE_HEADER) / (BMBT_KEY_SIZE + BMBT_POINTER_SIZE));
  if (bb_level !== level || bb_numrecs === 0 || bb_numrecs > most) {
    throw broken(
      where,
      `it is on level ${bb_level} instead of ${level}, or cannot have ${bb_numrecs} entries`,
    );
  }
  if (level === 0) {
    yield* recordsIn(bytes, LONG_BTREE_HEADER, bb_numrecs);
    return;
  }
  const pointers = LONG_BTREE_HEADER + most * BMBT_KEY_SIZE;
  for (const block of pointersIn(view, pointers, bb_numrecs))
    yield* recordsBelow(volume, inode, block, level - 1);
}

function* recordsIn(bytes: Uint8Array, at: number, count: number): Generator<BmbtRecord> {
  const view = viewOf(bytes);
  for (let i = 0; i < count; i++) yield getBmbtRecord(view, at + i * BMBT_RECORD_SIZE);
}

function pointersIn(view: DataView, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number(view.getBigUint64(at + i * BMBT_POINTER_SIZE)));
}
