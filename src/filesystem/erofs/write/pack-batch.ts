import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { assert } from "../../../errors.ts";
import type { BatchMemory, PackBatch, Packing } from "../../kind/packing.ts";
import { Z_EROFS_PCLUSTER_MAX_DSIZE } from "../format/compression.ts";
import { Lz4Compressor } from "../lz4/compressor.ts";
import { Batch, batchBlocks } from "./batch.ts";

/** Compresses the pieces of batches. What becomes of one depends on its bytes alone. */
export function batchPacker(packing: Packing): PackBatch {
  const blocks = batchBlocks(packing);
  const largest = packing.clusterBlocks * BLOCK_SIZE;
  const most = blocks * BLOCK_SIZE;
  assert(most <= Z_EROFS_PCLUSTER_MAX_DSIZE, "a batch is more than a cluster may stand for");
  const compressor = new Lz4Compressor(packing.level, most, largest);
  return (memory: BatchMemory) => {
    const batch = new Batch(memory, blocks);
    let at = 0;
    let output = 0;
    for (const { bytes, isCompressed } of batch.pieces()) {
      if (isCompressed) output = packPiece(batch, compressor, { from: at, to: at + bytes, largest }, output);
      else markPlain(batch, at, bytes);
      at += Math.ceil(bytes / BLOCK_SIZE) * BLOCK_SIZE;
    }
  };
}

interface Piece {
  readonly from: number;
  readonly to: number;
  /** Most bytes of a cluster. */
  readonly largest: number;
}

/** Compresses into the output from byte `put` on, and returns where that ends. */
function packPiece(
  batch: Batch,
  compressor: Lz4Compressor,
  { from, to, largest }: Piece,
  put: number,
): number {
  let end = put;
  compressor.load(batch.input.subarray(from, to));
  for (let at = from; at < to; ) {
    const { taken, size } = compressor.fill({ from: at - from, step: BLOCK_SIZE, limit: largest });
    const blocks = Math.ceil(taken / BLOCK_SIZE);
    const stored = Math.ceil(size / BLOCK_SIZE);
    if (stored >= blocks) {
      const plain = taken === 0 ? Math.min(BLOCK_SIZE, to - at) : taken;
      markPlain(batch, at, plain);
      at += plain;
      continue;
    }
    batch.heads.fill(0, at / BLOCK_SIZE, at / BLOCK_SIZE + blocks);
    batch.heads[at / BLOCK_SIZE] = stored;
    // Compressed bytes end with their last block, and what comes before is zero (LZ4_0PADDING).
    const start = end + stored * BLOCK_SIZE - size;
    batch.output.fill(0, end, start);
    batch.output.set(compressor.output.subarray(0, size), start);
    end = start + size;
    at += taken;
  }
  return end;
}

/** Each block a cluster of its own. */
function markPlain(batch: Batch, at: number, bytes: number): void {
  batch.heads.fill(1, at / BLOCK_SIZE, Math.ceil((at + bytes) / BLOCK_SIZE));
}
