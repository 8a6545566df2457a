import { LAST_LITERALS, MATCH_BORDER, MIN_MATCH } from "./format.ts";
import { lastLiteralsSize, type Match, putLastLiterals, putSequence, sequenceSize } from "./sequence.ts";
import type { Words } from "./words.ts";

/** What ends no nearer to a border begins no nearer to it than a match may. */
const NEAR = MATCH_BORDER - MIN_MATCH;

/** What a block is to be of. */
export interface BlockBounds {
  /** Where its input begins, and where it ends at the latest. */
  readonly from: number;
  readonly to: number;
  /** The input may end at whole multiples of this behind its beginning, and at `to`. */
  readonly step: number;
  /** Most bytes of the block. */
  readonly limit: number;
}

/** A block of `size` bytes that stands for `taken` bytes of input; both 0 where none keeps to its limit. */
export interface Packed {
  readonly taken: number;
  readonly size: number;
}

/** The block ends at `border` if after `size` bytes, for the input up to `done`, the match comes and then literals. */
interface Ending {
  readonly border: number;
  readonly size: number;
  readonly done: number;
  readonly match: Match | undefined;
}

/**
 * Where a block ends: at the last border of the input whose block keeps to the limit. At each border that a match
 * reaches it is settled what would have to be written if it were the last one; what is written later lies behind all
 * that, and can be taken back.
 */
export class BlockEnding {
  /** A match that ends behind this must be settled before it is written: it ends or begins too near to a border. */
  reach: number;
  readonly #bounds: BlockBounds;
  #border: number;
  #best: Ending | undefined;

  constructor(bounds: BlockBounds) {
    const { from, to, step } = bounds;
    this.#bounds = bounds;
    this.#border = Math.min(from + step, to);
    this.reach = this.#border - NEAR;
  }

  /**
   * Settles the borders that a match reaches which is to follow after `size` bytes of output, for the input up to
   * `done`. False if one of them is too far: the block ends before it.
   */
  settle(size: number, done: number, match: Match): boolean {
    while (match.end > this.reach) {
      const border = this.#border;
      const end = Math.min(match.end, border - LAST_LITERALS);
      const isMatch = match.start <= border - MATCH_BORDER && end - match.start >= MIN_MATCH;
      const more = isMatch
        ? sequenceSize(match.start - done, end - match.start) + lastLiteralsSize(border - end)
        : lastLiteralsSize(border - done);
      if (size + more > this.#bounds.limit) return false;
      this.#best = { border, size, done, match: isMatch ? { ...match, end } : undefined };
      if (border === this.#bounds.to) break;
      this.#nextBorder();
    }
    return true;
  }

  /** Ends the block, of which `size` bytes of output stand for the input up to `done`. */
  finish(input: Words, output: Words, size: number, done: number): Packed {
    const { from, to, limit } = this.#bounds;
    while (size + lastLiteralsSize(this.#border - done) <= limit) {
      this.#best = { border: this.#border, size, done, match: undefined };
      if (this.#border === to) break;
      this.#nextBorder();
    }
    const best = this.#best;
    if (best === undefined) return { taken: 0, size: 0 };
    const { border, match } = best;
    const at = match === undefined ? best.size : putSequence(input, best.done, match, output, best.size);
    return {
      taken: border - from,
      size: putLastLiterals(input, match?.end ?? best.done, border, output, at),
    };
  }

  #nextBorder(): void {
    this.#border = Math.min(this.#border + this.#bounds.step, this.#bounds.to);
    this.reach = this.#border - NEAR;
  }
}
