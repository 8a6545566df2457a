import { BLOCK_SIZE } from "./blocks.ts";

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

/** Gathers single blocks into pieces as long as they follow one another. */
export class PieceBuffer {
  readonly #bytes = new Uint8Array(PIECE_BLOCKS * BLOCK_SIZE);
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
