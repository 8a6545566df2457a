import { assert } from "../../../errors.ts";
import { compressByChains } from "./chains.ts";
import type { BlockBounds, Packed } from "./ending.ts";
import { compressFast } from "./fast.ts";
import { LENGTH_MORE } from "./format.ts";
import { FAST_LEVEL, HIGHEST_LEVEL } from "./levels.ts";
import { type Words, wordsOf } from "./words.ts";

/** Bytes that copying by words and one sequence too many may take beyond a block's limit. */
const SLACK = 64;

/**
 * Makes blocks in LZ4's block format: see `format.ts`. They depend on the input alone, so that one image has the same
 * bytes wherever it is made.
 */
export class Lz4Compressor {
  /** The last block's bytes come first here. */
  readonly output: Uint8Array;
  readonly #output: Words;
  readonly #mostInput: number;
  readonly #largest: number;
  readonly #level: number;
  #input: Words = wordsOf(new Uint8Array(0));

  /**
   * @param level FAST_LEVEL to HIGHEST_LEVEL
   * @param mostInput most bytes that one block may be of
   * @param largest most bytes of a block
   */
  constructor(level: number, mostInput: number, largest: number) {
    assert(level >= FAST_LEVEL && level <= HIGHEST_LEVEL, "there is no such level");
    this.#level = level;
    this.#mostInput = mostInput;
    this.#largest = largest;
    // What tells the lengths of the last literals and match is not known to fit before it is written.
    this.output = new Uint8Array(largest + Math.ceil((2 * mostInput) / LENGTH_MORE) + SLACK);
    this.#output = wordsOf(this.output);
  }

  /** A block of all input from `from` to `to`; its size, or 0 if it would be larger than `limit`. */
  compress(input: Uint8Array, from: number, to: number, limit: number): number {
    return this.#compress(input, { from, to, step: to - from, limit }).size;
  }

  /**
   * A block of up to `limit` bytes of as much input from `from` on as goes into it, that is a whole multiple of `step`
   * or goes to `to`.
   */
  fill(input: Uint8Array, { from, to, step, limit }: BlockBounds): Packed {
    return this.#compress(input, { from, to: Math.min(to, from + this.#mostInput), step, limit });
  }

  #compress(input: Uint8Array, bounds: BlockBounds): Packed {
    assert(bounds.to - bounds.from <= this.#mostInput, "more input than one block may be of");
    assert(bounds.limit <= this.#largest, "a larger block than there is room for");
    if (this.#input.bytes !== input) this.#input = wordsOf(input);
    return this.#level === FAST_LEVEL
      ? compressFast(this.#input, bounds, this.#output)
      : compressByChains(this.#input, bounds, this.#output, 2 ** (this.#level - 1));
  }
}
