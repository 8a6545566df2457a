import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { crc32cRegister } from "../../../blocks/crc32c.ts";
import { encode, viewOf } from "../../../blocks/field.ts";
import { COMPAT, INCOMPAT } from "../format/features.ts";
import { BLOCK_BITS, EROFS_SUPER_MAGIC_V1, SUPERBLOCK, SUPERBLOCK_OFFSET } from "../format/superblock.ts";
import { type ErofsPlan, nidOf } from "./plan.ts";

/** Writes the superblock into the first block, which is complete but for it. */
export function sealFirstBlock(plan: ErofsPlan, block: Uint8Array): void {
  const { layout, placement, identity, namespace } = plan;
  const view = viewOf(block);
  const { xattrRun } = layout;
  encode(SUPERBLOCK, view, SUPERBLOCK_OFFSET, {
    magic: EROFS_SUPER_MAGIC_V1,
    feature_compat: COMPAT.sb_chksum | COMPAT.mtime,
    feature_incompat: layout.inodes.some((inode) => inode?.form.kind === "chunks")
      ? INCOMPAT.chunked_file
      : 0,
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
  const sealed = block.subarray(SUPERBLOCK_OFFSET, BLOCK_SIZE);
  SUPERBLOCK.checksum.put(view, SUPERBLOCK_OFFSET, crc32cRegister(0xffffffff, sealed));
}
