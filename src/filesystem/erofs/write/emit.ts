import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { type Piece, PieceBuffer, zeroPieces } from "../../../blocks/piece-buffer.ts";
import { encodeData, encodeInode } from "./inode-encoding.ts";
import type { MetadataRun } from "./layout.ts";
import type { ErofsPlan } from "./plan.ts";
import { sealFirstBlock } from "./superblock.ts";
import { encodeShared } from "./xattrs.ts";

/**
 * Every byte of the filesystem that is not file content, in pieces of up to 1 MiB where nothing longer is whole:
 * metadata, and before it zeros over contents that no file has any more. No byte comes twice. What neither comes here
 * nor holds contents reads as zeros in a fresh sparse file, and must.
 */
export function* emitErofs(plan: ErofsPlan): Generator<Piece> {
  yield* zeroPieces(plan.placement.stale);
  const buffer = new PieceBuffer();
  for (const [index, run] of plan.layout.runs.entries()) {
    const start = plan.placement.starts[index] ?? 0;
    // Shared attributes and an inode with many can straddle blocks in any way: they are made in one.
    if (run.kind === "data") yield* emitData(plan, run.inode, start, run.blocks, buffer);
    else if (run.blocks === 1) {
      if (!buffer.accepts(start)) yield* buffer.take();
      encodeRun(plan, run, buffer.add(start));
    } else {
      yield* buffer.take();
      const bytes = new Uint8Array(run.blocks * BLOCK_SIZE);
      encodeRun(plan, run, bytes);
      yield { position: start * BLOCK_SIZE, bytes };
    }
  }
  yield* buffer.take();
}

function* emitData(
  plan: ErofsPlan,
  index: number,
  start: number,
  blocks: number,
  buffer: PieceBuffer,
): Generator<Piece> {
  const planned = plan.namespace.inodes[index];
  for (let block = 0; planned !== undefined && block < blocks; block++) {
    if (!buffer.accepts(start + block)) yield* buffer.take();
    encodeData(plan, planned, block, buffer.add(start + block));
  }
}

function encodeRun(plan: ErofsPlan, run: MetadataRun, bytes: Uint8Array): void {
  if (run.kind === "xattrs") encodeShared(plan.namespace.sharedXattrs, bytes);
  else if (run.kind === "inodes") {
    for (const index of run.inodes) {
      encodeInode(plan, index, bytes, plan.layout.inodes[index]?.slot.offset ?? 0);
    }
    if (run === plan.layout.runs[0]) sealFirstBlock(plan, bytes);
  }
}
