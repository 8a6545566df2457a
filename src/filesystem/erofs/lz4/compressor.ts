import { assert } from "../../../errors.ts";
import { LENGTH_MORE } from "./format.ts";
import { FAST_LEVEL, HIGHEST_LEVEL } from "./levels.ts";
import { type Program, startProgram } from "./program.ts";

/** Bytes that reading and writing by words, and one sequence too many, may take beyond the input's end and a block's limit. */
const SLACK = 64;

/** What a block is to be of. */
export interface BlockBounds {
  /** Byte of the input that it begins with. */
  readonly from: number;
  /** Its input may end at whole multiples of this behind its beginning, and where all input ends. */
  readonly step: number;
  /** Most bytes of the block. */
  readonly limit: number;
}

/** A block of `size` bytes that stands for `taken` bytes of input; both 0 where none keeps to its limit. */
export interface Packed {
  readonly taken: number;
  readonly size: number;
}

/**
 * Makes blocks in LZ4's block format: see `format.ts`. They depend on the input alone, so that one image has the same
 * bytes wherever it is made.
 */
export class Lz4Compressor {
  /** The last block's bytes come first here. */
  readonly output: Uint8Array;
  readonly #program: Program;
  readonly #mostInput: number;
  readonly #largest: number;
  readonly #level: number;
  #length = 0;

  /**
   * @param level FAST_LEVEL to HIGHEST_LEVEL
   * @param mostInput most bytes of input
   * @param largest most bytes of a block
   */
  constructor(level: number, mostInput: number, largest: number) {
    assert(level >= FAST_LEVEL && level <= HIGHEST_LEVEL, "there is no such level");
    this.#level = level;
    this.#mostInput = mostInput;
    this.#largest = largest;
    // What tells the lengths of the last literals and match is not known to fit before it is written.
    const room = largest + Math.ceil((2 * mostInput) / LENGTH_MORE) + SLACK;
    this.#program = startProgram(mostInput + SLACK, room);
    this.output = this.#program.output;
  }

  /** Takes the input that blocks are made of from now on. */
  load(input: Uint8Array): void {
    assert(input.length <= this.#mostInput, "more input than there is room for");
    this.#program.input.set(input);
    this.#length = input.length;
  }

  /** A block of up to `limit` bytes of as much input as goes into it. */
  fill({ from, step, limit }: BlockBounds): Packed {
    assert(from < this.#length, "a block has no input");
    assert(limit <= this.#largest, "a larger block than there is room for");
    const { exports, input, output } = this.#program;
    const [start, length] = [input.byteOffset + from, this.#length - from];
    const size =
      this.#level === FAST_LEVEL
        ? exports.compress_fast(start, length, step, limit, output.byteOffset)
        : exports.compress_by_chains(start, length, step, limit, output.byteOffset, 2 ** (this.#level - 1));
    return { taken: exports.taken(), size };
  }
}
