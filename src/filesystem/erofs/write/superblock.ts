import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { crc32cRegister } from "../../../blocks/crc32c.ts";
import { encode, viewOf } from "../../../blocks/field.ts";
import type { Packing } from "../../kind/packing.ts";
import {
  ALGORITHMS,
  COMPRESSION_CONFIGS_OFFSET,
  CONFIG_LENGTH,
  CONFIG_LENGTH_SIZE,
  LZ4_CONFIG,
  LZ4_CONFIG_SIZE,
} from "../format/compression.ts";
import { COMPAT, INCOMPAT } from "../format/features.ts";
import { BLOCK_BITS, EROFS_SUPER_MAGIC_V1, SUPERBLOCK, SUPERBLOCK_OFFSET } from "../format/superblock.ts";
import { MAX_DISTANCE } from "../lz4/format.ts";
import type { Layout } from "./layout.ts";
import { type ErofsPlan, nidOf } from "./plan.ts";

/** Writes the superblock into the first block, which is complete but for it. */
export function sealFirstBlock(plan: ErofsPlan, block: Uint8Array): void {
  const { layout, placement, identity, namespace, packing } = plan;
  const view = viewOf(block);
  const { xattrRun } = layout;
  encode(SUPERBLOCK, view, SUPERBLOCK_OFFSET, {
    magic: EROFS_SUPER_MAGIC_V1,
    feature_compat: COMPAT.sb_chksum | COMPAT.mtime,
    feature_incompat: incompatOf(plan),
    available_compr_algs: packing === undefined ? 0 : 1 << ALGORITHMS.indexOf("lz4"),
    blkszbits: BLOCK_BITS,
    root_nid: nidOf(plan, 0),
    inos: namespace.inodes.length,
    epoch: identity.time.seconds,
    fixed_nsec: identity.time.nanoseconds,
    blocks: placement.blocks,
    // Inodes lie all over the image: their numbers count from its start.
    meta_blkaddr: 0,
    xattr_blkaddr: xattrRun === undefined ? 0 : (placement.starts[xattrRun] ?? 0),
    uuid: identity.uuid,
    volume_name: Buffer.from(identity.label, "latin1"),
  });
  if (packing !== undefined) encodeLz4Config(packing, view);
  const sealed = block.subarray(SUPERBLOCK_OFFSET, BLOCK_SIZE);
  SUPERBLOCK.checksum.put(view, SUPERBLOCK_OFFSET, crc32cRegister(0xffffffff, sealed));
}

function incompatOf({ layout, packing }: ErofsPlan): number {
  const ofPacking = packing === undefined ? 0 : INCOMPAT.lz4_0padding | INCOMPAT.compr_cfgs;
  return ofPacking | (hasChunks(layout) ? INCOMPAT.chunked_file : 0);
}

function hasChunks({ inodes }: Layout): boolean {
  for (const { form } of inodes.values()) if (form.kind === "chunks") return true;
  return false;
}

function encodeLz4Config({ clusterBlocks }: Packing, view: DataView): void {
  CONFIG_LENGTH.length.put(view, COMPRESSION_CONFIGS_OFFSET, LZ4_CONFIG_SIZE);
  encode(LZ4_CONFIG, view, COMPRESSION_CONFIGS_OFFSET + CONFIG_LENGTH_SIZE, {
    max_distance: MAX_DISTANCE,
    max_pclusterblks: clusterBlocks,
  });
}
