import { type Piece, PieceBuffer } from "../../../blocks/piece-buffer.ts";

/** A block of the filesystem that is made when its turn comes. */
export interface BlockJob {
  readonly block: number;
  /** Writes the block, all zero so far. */
  encode(bytes: Uint8Array): void;
}

/** The blocks in their order, those that follow one another in one piece. */
export function* piecesOf(jobs: Iterable<BlockJob>): Generator<Piece> {
  const buffer = new PieceBuffer();
  for (const { block, encode } of jobs) {
    if (!buffer.accepts(block)) yield* buffer.take();
    encode(buffer.add(block));
  }
  yield* buffer.take();
}
