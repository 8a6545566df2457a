/** The heads of allocation groups and their trees. */
import { encode, viewOf } from "../../../blocks/field.ts";
import { AGF, AGF_SECTOR, XFS_AGF_MAGIC, XFS_AGF_VERSION } from "../format/agf.ts";
import {
  AGFL,
  AGFL_SECTOR,
  AGFL_SLOTS,
  AGFL_SLOTS_OFFSET,
  NULLAGBLOCK,
  XFS_AGFL_MAGIC,
} from "../format/agfl.ts";
import {
  AGI,
  AGI_SECTOR,
  NULLAGINO,
  XFS_AGI_MAGIC,
  XFS_AGI_UNLINKED_BUCKETS,
  XFS_AGI_VERSION,
} from "../format/agi.ts";
import { seal } from "../format/checksum.ts";
import { INODES_PER_CHUNK } from "../format/inode.ts";
import { SECTOR_SIZE } from "../format/superblock.ts";
import type { BlockJob } from "./block-jobs.ts";
import { type GroupContext, groupTreeJobs } from "./emit-group-trees.ts";
import { INODES_PER_BLOCK, ROOTS } from "./geometry.ts";
import { allocTreeBlocks } from "./group-trees.ts";
import type { XfsPlan } from "./plan.ts";
import { OWN_INODES } from "./planned-inode.ts";
import { encodeSuperblock } from "./superblock.ts";

export function* groupJobs(plan: XfsPlan): Generator<BlockJob> {
  const { placement, inodes, namespace, options } = plan;
  const superblock = encodeSuperblock(plan);
  const free = inodes - namespace.length - OWN_INODES;
  const lastChunk = placement.chunks.at(-1) ?? 0;
  for (const [number, group] of placement.groups.entries()) {
    const hasLast = lastChunk >= group.start && lastChunk < group.start + group.length;
    const context = { group, number, uuid: options.uuid, freeInodes: hasLast ? free : 0 };
    yield { block: group.start, encode: (bytes) => encodeHead(context, superblock, bytes) };
    yield* groupTreeJobs(context);
  }
}

function encodeHead(context: GroupContext, superblock: Uint8Array, bytes: Uint8Array): void {
  const sector = (i: number): Uint8Array => bytes.subarray(i * SECTOR_SIZE, (i + 1) * SECTOR_SIZE);
  sector(0).set(superblock);
  encodeAgf(context, sector(AGF_SECTOR));
  encodeAgi(context, sector(AGI_SECTOR));
  encodeAgfl(context, sector(AGFL_SECTOR));
}

function encodeAgf({ group, number, uuid }: GroupContext, sector: Uint8Array): void {
  encode(AGF, viewOf(sector), 0, {
    agf_magicnum: XFS_AGF_MAGIC,
    agf_versionnum: XFS_AGF_VERSION,
    agf_seqno: number,
    agf_length: group.length,
    agf_bno_root: ROOTS.bno,
    agf_cnt_root: ROOTS.cnt,
    agf_bno_level: group.bno.levels.length + 1,
    agf_cnt_level: group.cnt.levels.length + 1,
    agf_fllast: group.agfl.length - 1,
    agf_flcount: group.agfl.length,
    agf_freeblks: group.freeBlocks,
    agf_longest: group.longest,
    agf_btreeblks: allocTreeBlocks(group),
    agf_uuid: uuid,
    agf_refcount_blocks: 1,
    agf_refcount_root: ROOTS.refcount,
    agf_refcount_level: 1,
  });
  seal(sector, AGF.agf_crc);
}

function encodeAgi({ group, number, uuid, freeInodes }: GroupContext, sector: Uint8Array): void {
  const lastChunk = group.chunks.at(-1);
  encode(AGI, viewOf(sector), 0, {
    agi_magicnum: XFS_AGI_MAGIC,
    agi_versionnum: XFS_AGI_VERSION,
    agi_seqno: number,
    agi_length: group.length,
    agi_count: group.chunks.length * INODES_PER_CHUNK,
    agi_root: ROOTS.ino,
    agi_level: group.ino.levels.length + 1,
    agi_freecount: freeInodes,
    agi_newino: lastChunk === undefined ? NULLAGINO : lastChunk * INODES_PER_BLOCK,
    agi_dirino: NULLAGINO,
    agi_unlinked: new Uint8Array(4 * XFS_AGI_UNLINKED_BUCKETS).fill(0xff),
    agi_uuid: uuid,
    agi_free_root: ROOTS.fino,
    agi_free_level: 1,
    agi_iblocks: group.ino.blocks.length,
    agi_fblocks: 1,
  });
  seal(sector, AGI.agi_crc);
}

function encodeAgfl({ group, number, uuid }: GroupContext, sector: Uint8Array): void {
  const view = viewOf(sector);
  encode(AGFL, view, 0, { agfl_magicnum: XFS_AGFL_MAGIC, agfl_seqno: number, agfl_uuid: uuid });
  for (let slot = 0; slot < AGFL_SLOTS; slot++) {
    view.setUint32(AGFL_SLOTS_OFFSET + slot * 4, group.agfl[slot] ?? NULLAGBLOCK);
  }
  seal(sector, AGFL.agfl_crc);
}
