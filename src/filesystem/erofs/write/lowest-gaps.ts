import type { RunSet } from "../../../blocks/runs.ts";

/**
 * Free runs to take from, the lowest that is long enough first. A tree over the runs in order knows the longest below
 * each of its nodes, so that a million of them are as good as a few.
 */
export class LowestGaps {
  readonly #starts: Float64Array;
  /** Node i is above 2i and 2i+1; the runs' lengths are the leaves. */
  readonly #longest: Float64Array;
  readonly #leaves: number;

  constructor({ starts, ends }: RunSet) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(starts.length, 1)));
    this.#starts = Float64Array.from(starts);
    this.#longest = new Float64Array(2 * this.#leaves);
    for (const [i, start] of starts.entries()) this.#longest[this.#leaves + i] = (ends[i] ?? 0) - start;
    for (let node = this.#leaves - 1; node > 0; node--) this.#sumUp(node);
  }

  /** The first of `length` blocks of the lowest run that holds them; undefined if none does before block `before`. */
  take(length: number, before: number): number | undefined {
    if (this.#at(1) < length) return undefined;
    let node = 1;
    while (node < this.#leaves) node = this.#at(2 * node) >= length ? 2 * node : 2 * node + 1;
    const run = node - this.#leaves;
    const start = this.#starts[run] ?? 0;
    if (start >= before) return undefined;
    this.#starts[run] = start + length;
    this.#longest[node] = this.#at(node) - length;
    while (node > 1) {
      node >>= 1;
      this.#sumUp(node);
    }
    return start;
  }

  #sumUp(node: number): void {
    this.#longest[node] = Math.max(this.#at(2 * node), this.#at(2 * node + 1));
  }

  #at(node: number): number {
    return this.#longest[node] ?? 0;
  }
}
