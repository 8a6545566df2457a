import type { Run } from "../../../blocks/blocks.ts";
import type { RunSet } from "../../../blocks/runs.ts";

/**
 * Free runs to take from, the lowest that is long enough first. A tree over the runs in order knows the longest below
 * each of its nodes, so that a million of them are as good as a few.
 */
export class LowestGaps {
  readonly #runs: RunSet;
  readonly #starts: Float64Array;
  /** Node i is above 2i and 2i+1; the runs' lengths are the leaves. */
  readonly #longest: Float64Array;
  readonly #leaves: number;

  constructor(runs: RunSet) {
    const { starts, ends } = runs;
    this.#runs = runs;
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(starts.length, 1)));
    this.#starts = Float64Array.from(starts);
    this.#longest = new Float64Array(2 * this.#leaves);
    for (const [i, start] of starts.entries()) this.#longest[this.#leaves + i] = (ends[i] ?? 0) - start;
    for (let node = this.#leaves - 1; node > 0; node--) this.#sumUp(node);
  }

  /** Runs that there were. */
  get count(): number {
    return this.#runs.starts.length;
  }

  /** What there was of a run. */
  all(run: number): Run {
    const start = this.#runs.starts[run] ?? 0;
    return { start, length: (this.#runs.ends[run] ?? 0) - start };
  }

  /** Whether nothing has been taken from it. */
  isWhole(run: number): boolean {
    return this.#at(this.#leaves + run) === this.all(run).length;
  }

  /** Leaves of a run its last `length` blocks, which none of it may have been taken from. */
  keepLast(run: number, length: number): void {
    const { start, length: all } = this.all(run);
    this.#starts[run] = start + all - length;
    this.#set(this.#leaves + run, length);
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
    this.#set(node, this.#at(node) - length);
    return start;
  }

  #set(leaf: number, length: number): void {
    this.#longest[leaf] = length;
    for (let node = leaf >> 1; node > 0; node >>= 1) this.#sumUp(node);
  }

  #sumUp(node: number): void {
    this.#longest[node] = Math.max(this.#at(2 * node), this.#at(2 * node + 1));
  }

  #at(node: number): number {
    return this.#longest[node] ?? 0;
  }
}
