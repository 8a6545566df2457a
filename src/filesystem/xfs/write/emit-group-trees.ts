/** The blocks of a group's trees. */
import type { Run } from "../../../blocks/blocks.ts";
import { encode, viewOf } from "../../../blocks/field.ts";
import {
  ALLOC_RECORD,
  ALLOC_RECORD_SIZE,
  BTREE_MAGIC,
  INOBT_KEY_SIZE,
  INOBT_RECORD,
  INOBT_RECORD_SIZE,
  NULL_SIBLING,
  SHORT_BTREE_BLOCK,
  SHORT_BTREE_HEADER,
  SHORT_POINTER_SIZE,
} from "../format/btree.ts";
import { seal } from "../format/checksum.ts";
import { INODES_PER_CHUNK } from "../format/inode.ts";
import type { BlockJob } from "./block-jobs.ts";
import { INODES_PER_BLOCK, ROOTS } from "./geometry.ts";
import { ALLOC_ROOM, type Group, type GroupTree, INOBT_ROOM } from "./group-trees.ts";
import { daddrOf } from "./owner.ts";
import { firstRecords, sumOf, type TreeBlock, treeBlocks } from "./tree-shape.ts";

/** A group with what its head says beyond it. */
export interface GroupContext {
  readonly group: Group;
  readonly number: number;
  readonly uuid: Uint8Array;
  /** Inodes of its last chunk that are free; all others are in use. */
  readonly freeInodes: number;
}

/** A kind of tree: how its records and keys are written. */
interface TreeForm {
  readonly magic: number;
  readonly records: number;
  readonly recordSize: number;
  readonly keySize: number;
  /** Children of a block above leaves. */
  readonly children: number;
  putRecord(view: DataView, at: number, record: number): void;
  putKey(view: DataView, at: number, record: number): void;
}

export function* groupTreeJobs(context: GroupContext): Generator<BlockJob> {
  const { group, freeInodes } = context;
  const byLength = [...group.free].sort((a, b) => a.length - b.length || a.start - b.start);
  yield* treeJobs(context, group.bno, allocForm(BTREE_MAGIC.bno, group.free));
  yield* treeJobs(context, group.cnt, allocForm(BTREE_MAGIC.cnt, byLength));
  yield* treeJobs(context, group.ino, inobtForm(BTREE_MAGIC.ino, group.chunks, freeInodes));
  const free = freeInodes === 0 ? [] : group.chunks.slice(-1);
  yield* treeJobs(context, rootAt(ROOTS.fino), inobtForm(BTREE_MAGIC.fino, free, freeInodes));
  yield* treeJobs(context, rootAt(ROOTS.refcount), EMPTY_REFCOUNT);
}

function rootAt(block: number): GroupTree {
  return { levels: [], blocks: [block] };
}

function allocForm(magic: number, runs: readonly Run[]): TreeForm {
  const put = (view: DataView, at: number, record: number): void => {
    const { start = 0, length = 0 } = runs[record] ?? {};
    encode(ALLOC_RECORD, view, at, { ar_startblock: start, ar_blockcount: length });
  };
  return {
    magic,
    records: runs.length,
    recordSize: ALLOC_RECORD_SIZE,
    keySize: ALLOC_RECORD_SIZE,
    children: ALLOC_ROOM.node,
    putRecord: put,
    putKey: put,
  };
}

/** Of the last chunk the last inodes are free, and no others. */
function inobtForm(magic: number, chunks: readonly number[], freeInodes: number): TreeForm {
  const inodeOf = (record: number): number => (chunks[record] ?? 0) * INODES_PER_BLOCK;
  return {
    magic,
    records: chunks.length,
    recordSize: INOBT_RECORD_SIZE,
    keySize: INOBT_KEY_SIZE,
    children: INOBT_ROOM.node,
    putRecord: (view, at, record) => {
      const free = record === chunks.length - 1 ? freeInodes : 0;
      const mask = ((1n << BigInt(free)) - 1n) << BigInt(INODES_PER_CHUNK - free);
      encode(INOBT_RECORD, view, at, {
        ir_startino: inodeOf(record),
        ir_count: INODES_PER_CHUNK,
        ir_freecount: free,
        ir_free_hi: Number(mask >> 32n),
        ir_free_lo: Number(mask & 0xffffffffn),
      });
    },
    putKey: (view, at, record) => view.setUint32(at, inodeOf(record)),
  };
}

const EMPTY_REFCOUNT: TreeForm = {
  magic: BTREE_MAGIC.refcount,
  records: 0,
  recordSize: 0,
  keySize: 0,
  children: 0,
  putRecord: () => undefined,
  putKey: () => undefined,
};

function* treeJobs(
  context: GroupContext,
  { levels, blocks }: GroupTree,
  form: TreeForm,
): Generator<BlockJob> {
  const { group, number, uuid } = context;
  const firsts = firstRecords(levels, form.records);
  for (const [here, part] of allBlocks(levels, form.records).entries()) {
    const block = group.start + (blocks[here] ?? 0);
    const sibling = (exists: boolean, place: number): number =>
      exists ? (blocks[place] ?? 0) : NULL_SIBLING;
    const encodeBlock = (bytes: Uint8Array): void => {
      const view = viewOf(bytes);
      encode(SHORT_BTREE_BLOCK, view, 0, {
        bb_magic: form.magic,
        bb_level: part.level,
        bb_numrecs: part.count,
        bb_leftsib: sibling(part.place > 0, here - 1),
        bb_rightsib: sibling(part.place < part.blocks - 1, here + 1),
        bb_blkno: daddrOf(block),
        bb_uuid: uuid,
        bb_owner: number,
      });
      if (part.level === 0) putRecords(view, form, part);
      else putChildren(view, form, part, { blocks, firsts });
      seal(bytes, SHORT_BTREE_BLOCK.bb_crc);
    };
    yield { block, encode: encodeBlock };
  }
}

/** The blocks of all levels, and the root's. */
function allBlocks(levels: readonly number[], records: number): TreeBlock[] {
  const blocks = [...treeBlocks(levels, records)];
  const below = levels.at(-1) ?? records;
  const firstBelow = sumOf(levels) - (levels.at(-1) ?? 0);
  return [...blocks, { level: levels.length, place: 0, blocks: 1, first: 0, count: below, firstBelow }];
}

function putRecords(view: DataView, { recordSize, putRecord }: TreeForm, { first, count }: TreeBlock): void {
  for (let i = 0; i < count; i++) putRecord(view, SHORT_BTREE_HEADER + i * recordSize, first + i);
}

function putChildren(
  view: DataView,
  { keySize, children, putKey }: TreeForm,
  { firstBelow, count }: TreeBlock,
  { blocks, firsts }: { readonly blocks: readonly number[]; readonly firsts: readonly number[] },
): void {
  const pointersAt = SHORT_BTREE_HEADER + children * keySize;
  for (let i = 0; i < count; i++) {
    putKey(view, SHORT_BTREE_HEADER + i * keySize, firsts[firstBelow + i] ?? 0);
    view.setUint32(pointersAt + i * SHORT_POINTER_SIZE, blocks[firstBelow + i] ?? 0);
  }
}
