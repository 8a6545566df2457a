/** Free space, as the tree of an allocation group has it by place. */

import { decode, viewOf } from "../../../blocks/field.ts";
import type { Paused } from "../../../waiting/steps.ts";
import { AGF, AGF_SECTOR, XFS_AGF_MAGIC } from "../format/agf.ts";
import {
  ALLOC_RECORD,
  ALLOC_RECORD_SIZE,
  BTREE_MAGIC,
  SHORT_BTREE_BLOCK,
  SHORT_BTREE_HEADER,
  SHORT_POINTER_SIZE,
} from "../format/btree.ts";
import { isSealed } from "../format/checksum.ts";
import { broken } from "./broken.ts";
import type { SelfDescription, Volume } from "./volume.ts";

const BNO_BLOCK: SelfDescription = {
  magic: { field: SHORT_BTREE_BLOCK.bb_magic, values: [BTREE_MAGIC.bno] },
  crc: SHORT_BTREE_BLOCK.bb_crc,
  owner: SHORT_BTREE_BLOCK.bb_owner,
  blkno: SHORT_BTREE_BLOCK.bb_blkno,
};
/** More than such a tree has on any disk. */
const MOST_LEVELS = 16;

/** Blocks of the image in a row. */
export interface FreeRun {
  readonly start: number;
  readonly length: number;
}

/**
 * Free runs of a group, ascending. Throws E_INVALID_FILESYSTEM for a broken tree; since each run begins behind the one
 * before, and only a root alone may have none, the walk ends whatever points where.
 */
export function* freeRuns(volume: Volume, group: number): Paused<FreeRun> {
  const { fields, blockSize } = volume.superblock;
  const where = `group ${group}, AGF`;
  const first = group * fields.sb_agblocks;
  const bytes = volume.image.read(first * blockSize + AGF_SECTOR * fields.sb_sectsize, fields.sb_sectsize);
  if (bytes.length < fields.sb_sectsize) throw broken(where, "the image ends before it");
  const agf = decode(AGF, viewOf(bytes), 0);
  if (agf.agf_magicnum !== XFS_AGF_MAGIC) throw broken(where, "it has no magic number");
  if (!isSealed(bytes, AGF.agf_crc)) throw broken(where, "its checksum is wrong");
  const levels = agf.agf_bno_level;
  if (levels < 1 || levels > MOST_LEVELS) throw broken(where, `its tree cannot have ${levels} levels`);
  let end = 0;
  for (const record of recordsBelow(volume, group, agf.agf_bno_root, levels - 1, levels === 1 ? 0 : 1)) {
    if (record === undefined) {
      yield;
      continue;
    }
    const { ar_startblock: start, ar_blockcount: length } = record;
    if (length === 0 || start < end || start + length > agf.agf_length) {
      throw broken(where, `its free blocks from ${start} on are out of order`);
    }
    end = start + length;
    yield { start: first + start, length };
  }
}

type AllocRecord = { readonly ar_startblock: number; readonly ar_blockcount: number };

/** @param least fewest entries: 0 for a root alone, where nothing is free, else 1 */
function* recordsBelow(
  volume: Volume,
  group: number,
  block: number,
  level: number,
  least: 0 | 1,
): Paused<AllocRecord> {
  yield;
  const where = `group ${group}, free space block ${block}`;
  const fsblock = group * 2 ** volume.superblock.fields.sb_agblklog + block;
  const bytes = volume.block(fsblock, where);
  volume.check(bytes, BNO_BLOCK, fsblock, group, where);
  const view = viewOf(bytes);
  const { bb_level, bb_numrecs } = decode(SHORT_BTREE_BLOCK, view, 0);
  const room = bytes.length - SHORT_BTREE_HEADER;
  const most = Math.floor(room / (ALLOC_RECORD_SIZE + (level === 0 ? 0 : SHORT_POINTER_SIZE)));
  if (bb_level !== level || bb_numrecs > most || bb_numrecs < least) {
    throw broken(
      where,
      `it is on level ${bb_level} instead of ${level}, or cannot have ${bb_numrecs} entries`,
    );
  }
  for (let i = 0; i < bb_numrecs; i++) {
    if (level === 0) {
      yield decode(ALLOC_RECORD, view, SHORT_BTREE_HEADER + i * ALLOC_RECORD_SIZE);
      continue;
    }
    const pointer = SHORT_BTREE_HEADER + most * ALLOC_RECORD_SIZE + i * SHORT_POINTER_SIZE;
    yield* recordsBelow(volume, group, view.getUint32(pointer), level - 1, 1);
  }
}
