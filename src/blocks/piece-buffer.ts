import { takeChunk } from "../memory/chunks.ts";
import { BLOCK_SIZE } from "./blocks.ts";
import type { RunSet } from "./runs.ts";

/** A part of the image, complete. */
export interface Piece {
  /** Byte of the image. */
  readonly position: number;
  /** Valid until the next piece is asked for. */
  readonly bytes: Uint8Array;
  /** Whole blocks of nothing but zeros. */
  readonly isZero?: true;
}

export const PIECE_BLOCKS = 256;

/** Memory for a piece, which holds anything. */
export function pieceMemory(): Uint8Array {
  return takeChunk(PIECE_BLOCKS * BLOCK_SIZE);
}

/** Gathers single blocks into pieces as long as they follow one another. */
export class PieceBuffer {
  readonly #bytes = pieceMemory();
  #first = 0;
  #count = 0;

  /** Whether `block` can be added to what is there already; if not, take that first. */
  accepts(block: number): boolean {
    return this.#count === 0 || (this.#count < PIECE_BLOCKS && block === this.#first + this.#count);
  }

  /** Room for the block's bytes, all zero. */
  add(block: number): Uint8Array {
    if (this.#count === 0) this.#first = block;
    const at = this.#count++ * BLOCK_SIZE;
    return this.#bytes.subarray(at, at + BLOCK_SIZE).fill(0);
  }

  /** What was added since the last time, if anything. */
  *take(): Generator<Piece> {
    if (this.#count === 0) return;
    yield { position: this.#first * BLOCK_SIZE, bytes: this.#bytes.subarray(0, this.#count * BLOCK_SIZE) };
    this.#count = 0;
  }
}

/** Zeros over all blocks of the set. */
export function* zeroPieces(blocks: RunSet): Generator<Piece> {
  let zeros = new Uint8Array();
  for (let run = 0; run < blocks.starts.length; run++) {
    const end = blocks.ends[run] ?? 0;
    for (let block = blocks.starts[run] ?? 0; block < end; block += PIECE_BLOCKS) {
      const length = Math.min(end - block, PIECE_BLOCKS) * BLOCK_SIZE;
      if (zeros.length < length) zeros = new Uint8Array(length);
      yield { position: block * BLOCK_SIZE, bytes: zeros.subarray(0, length), isZero: true };
    }
  }
}
