import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { PIECE_BLOCKS, type Piece } from "../../../blocks/piece-buffer.ts";
import { type BlockJob, piecesOf } from "./block-jobs.ts";
import { chunkJobs } from "./emit-chunks.ts";
import { groupJobs } from "./emit-groups.ts";
import { treeJobs } from "./emit-tree.ts";
import { encodeLog } from "./log.ts";
import type { XfsPlan } from "./plan.ts";

/**
 * Every byte of the filesystem that is not file content, in pieces of up to 1 MiB: metadata, and zeros over contents
 * that no file has any more. Those zeros come first. No byte comes twice, but for the log's first block where it lies
 * over such contents. What neither comes here nor holds contents reads as zeros in a fresh sparse file, and must.
 */
export function* emitXfs(plan: XfsPlan): Generator<Piece> {
  yield* staleZeros(plan);
  yield* piecesOf(treeJobs(plan));
  yield* piecesOf(chunkJobs(plan));
  yield* piecesOf(logJobs(plan));
  yield* piecesOf(groupJobs(plan));
}

function* staleZeros({ placement: { stale } }: XfsPlan): Generator<Piece> {
  const zeros = new Uint8Array(PIECE_BLOCKS * BLOCK_SIZE);
  for (const [run, start] of stale.starts.entries()) {
    const end = stale.ends[run] ?? 0;
    for (let block = start; block < end; block += PIECE_BLOCKS) {
      const length = Math.min(end - block, PIECE_BLOCKS);
      yield { position: block * BLOCK_SIZE, bytes: zeros.subarray(0, length * BLOCK_SIZE), isZero: true };
    }
  }
}

function* logJobs({ placement: { log }, options: { uuid } }: XfsPlan): Generator<BlockJob> {
  yield { block: log, encode: (bytes) => encodeLog(uuid, bytes) };
}
