import { LONGEST_ROW_BLOCKS, type Run } from "./blocks.ts";
import type { RunCollector, RunSet } from "./runs.ts";

/** Free runs to take from, best fit: shorter ones by their exact length, longer ones one by one. */
export class Gaps {
  /** Starts of the runs of each length up to LONGEST_ROW_BLOCKS. */
  readonly #short: number[][] = Array.from({ length: LONGEST_ROW_BLOCKS + 1 }, () => []);
  /** Longest first. */
  readonly #long: Run[] = [];

  constructor(runs: RunSet) {
    // From the end, so that of several that fit equally the lowest is the last one added, and the first one taken.
    for (let i = runs.starts.length - 1; i >= 0; i--) {
      const start = runs.starts[i] ?? 0;
      this.#add({ start, length: (runs.ends[i] ?? 0) - start });
    }
  }

  /** The first of `length` blocks out of the shortest run that holds them; undefined if none does. */
  take(length: number): number | undefined {
    const run = this.#takeShort(length) ?? this.#takeLong(length);
    if (run === undefined) return undefined;
    this.#add({ start: run.start + length, length: run.length - length });
    return run.start;
  }

  /** `length` blocks in a row if there are, else the longest run; undefined if nothing is left. */
  takeUpTo(length: number): Run | undefined {
    const start = this.take(length);
    return start === undefined ? this.#takeLongest() : { start, length };
  }

  #takeLongest(): Run | undefined {
    const long = this.#long.shift();
    if (long !== undefined) return long;
    for (let length = LONGEST_ROW_BLOCKS; length > 0; length--) {
      const start = this.#short[length]?.pop();
      if (start !== undefined) return { start, length };
    }
    return undefined;
  }

  /** Adds what is left to `runs`. */
  collect(runs: RunCollector): void {
    for (const [length, starts] of this.#short.entries()) {
      for (const start of starts) runs.add(start, length);
    }
    for (const { start, length } of this.#long) runs.add(start, length);
  }

  #takeShort(least: number): Run | undefined {
    for (let length = least; length <= LONGEST_ROW_BLOCKS; length++) {
      const start = this.#short[length]?.pop();
      if (start !== undefined) return { start, length };
    }
    return undefined;
  }

  #takeLong(least: number): Run | undefined {
    for (let index = this.#long.length - 1; index >= 0; index--) {
      const run = this.#long[index];
      if (run === undefined || run.length < least) continue;
      this.#long.splice(index, 1);
      return run;
    }
    return undefined;
  }

  #add(run: Run): void {
    if (run.length === 0) return;
    if (run.length <= LONGEST_ROW_BLOCKS) this.#short[run.length]?.push(run.start);
    else this.#long.splice(this.#placeOf(run.length), 0, run);
  }

  /** Where a run of this length goes among the long ones. */
  #placeOf(length: number): number {
    let low = 0;
    let high = this.#long.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#long[middle]?.length ?? 0) >= length) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
