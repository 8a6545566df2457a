import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { encode, viewOf } from "../../../blocks/field.ts";
import { seal } from "../format/checksum.ts";
import { FEATURES2, INCOMPAT, RO_COMPAT, VERSION } from "../format/features.ts";
import { INODE_SIZE } from "../format/inode.ts";
import { SECTOR_SIZE, SUPERBLOCK, XFS_SB_MAGIC } from "../format/superblock.ts";
import { CHUNK_BLOCKS, INODES_PER_BLOCK } from "./geometry.ts";
import { slotNumber } from "./numbering.ts";
import type { XfsPlan } from "./plan.ts";
import { OWN_INODES } from "./planned-inode.ts";

/** sb_spino_align: where the kernel may put inodes that are fewer than a chunk. */
const SPARSE_ALIGNMENT = 4;
/** sb_imax_pct: as mkfs has it; none where inodes take so much already that it would bind. */
const USUAL_INODE_PERCENT = 25;
const INODE_SHARE = 8;

/** The 512 bytes that every group begins with. */
export function encodeSuperblock({
  blocks,
  freeBlocks,
  inodes,
  namespace,
  placement,
  options,
}: XfsPlan): Uint8Array {
  const { layout, chunks, log } = placement;
  const sector = new Uint8Array(SECTOR_SIZE);
  encode(SUPERBLOCK, viewOf(sector), 0, {
    sb_magicnum: XFS_SB_MAGIC,
    sb_blocksize: BLOCK_SIZE,
    sb_dblocks: blocks,
    sb_uuid: options.uuid,
    sb_logstart: log,
    sb_rootino: slotNumber(chunks, 0),
    sb_rbmino: slotNumber(chunks, 1),
    sb_rsumino: slotNumber(chunks, 2),
    sb_rextsize: 1,
    sb_agblocks: layout.groupBlocks,
    sb_agcount: layout.count,
    sb_logblocks: layout.logBlocks,
    sb_versionnum: VERSION,
    sb_sectsize: SECTOR_SIZE,
    sb_inodesize: INODE_SIZE,
    sb_inopblock: INODES_PER_BLOCK,
    sb_fname: Buffer.from(options.label, "latin1"),
    sb_blocklog: Math.log2(BLOCK_SIZE),
    sb_sectlog: Math.log2(SECTOR_SIZE),
    sb_inodelog: Math.log2(INODE_SIZE),
    sb_inopblog: Math.log2(INODES_PER_BLOCK),
    sb_agblklog: Math.log2(layout.groupBlocks),
    sb_imax_pct: chunks.length * CHUNK_BLOCKS * INODE_SHARE > blocks ? 0 : USUAL_INODE_PERCENT,
    sb_icount: inodes,
    sb_ifree: inodes - namespace.length - OWN_INODES,
    sb_fdblocks: freeBlocks,
    sb_inoalignmt: CHUNK_BLOCKS,
    sb_logsunit: 1,
    sb_features2: FEATURES2,
    sb_bad_features2: FEATURES2,
    sb_features_ro_compat: RO_COMPAT.finobt | RO_COMPAT.reflink | RO_COMPAT.inobtcount,
    sb_features_incompat: INCOMPAT.ftype | INCOMPAT.spinodes | INCOMPAT.bigtime,
    sb_spino_align: SPARSE_ALIGNMENT,
  });
  seal(sector, SUPERBLOCK.sb_crc);
  return sector;
}
