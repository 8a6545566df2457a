import type { Run } from "./blocks.ts";
import type { RunCollector, RunSet } from "./runs.ts";

const NONE = -1;

/**
 * Free blocks to take from, first fit. The runs are a linked list in arrays: taking from a run's front changes one
 * number, from its middle adds one run, so that half a million groups can be served in turn.
 */
export class FreeSpace {
  readonly #start: number[];
  readonly #end: number[];
  readonly #next: number[];
  /** Runs before this one lie below `#fingerAt`, where the last search began. */
  #finger = 0;
  #fingerAt = 0;
  /** Runs before this one are used up. */
  #lowest = 0;

  constructor(runs: RunSet) {
    this.#start = [...runs.starts];
    this.#end = [...runs.ends];
    this.#next = runs.starts.map((_, i) => (i + 1 < runs.starts.length ? i + 1 : NONE));
    if (runs.starts.length === 0) {
      this.#start.push(0);
      this.#end.push(0);
      this.#next.push(NONE);
    }
  }

  /** Takes `length` consecutive blocks, the first from block `from` on, else the first of all; undefined if none. */
  take(length: number, from: number): number | undefined {
    this.#seek(from);
    return this.#takeFrom(this.#finger, length, from) ?? this.#takeFrom(0, length, 0);
  }

  /** Takes up to `count` of the lowest blocks, adds them to `runs` and returns how many there were. */
  takeLowest(count: number, runs: Run[]): number {
    let taken = 0;
    while (taken < count) {
      const start = this.#start[this.#lowest] ?? 0;
      const length = Math.min(count - taken, (this.#end[this.#lowest] ?? 0) - start);
      if (length > 0) {
        runs.push({ start, length });
        this.#start[this.#lowest] = start + length;
        taken += length;
      } else {
        const next = this.#next[this.#lowest] ?? NONE;
        if (next === NONE) return taken;
        this.#lowest = next;
      }
    }
    return taken;
  }

  /** Adds what is left to `runs`. */
  collect(runs: RunCollector): void {
    for (let run = 0; run !== NONE; run = this.#next[run] ?? NONE) {
      const start = this.#start[run] ?? 0;
      runs.add(start, (this.#end[run] ?? 0) - start);
    }
  }

  #seek(from: number): void {
    if (from < this.#fingerAt) this.#finger = 0;
    this.#fingerAt = from;
    while ((this.#end[this.#finger] ?? 0) <= from) {
      const next = this.#next[this.#finger] ?? NONE;
      if (next === NONE) return;
      this.#finger = next;
    }
  }

  #takeFrom(first: number, length: number, from: number): number | undefined {
    for (let run = first; run !== NONE; run = this.#next[run] ?? NONE) {
      const runStart = this.#start[run] ?? 0;
      const end = this.#end[run] ?? 0;
      const start = Math.max(runStart, from);
      if (end - start < length) continue;
      if (start === runStart) this.#start[run] = start + length;
      else this.#split(run, start, start + length);
      return start;
    }
    return undefined;
  }

  /** Leaves of a run what is before `gapStart` and, as a run of its own, what is from `gapEnd` on. */
  #split(run: number, gapStart: number, gapEnd: number): void {
    this.#start.push(gapEnd);
    this.#end.push(this.#end[run] ?? 0);
    this.#next.push(this.#next[run] ?? NONE);
    this.#end[run] = gapStart;
    this.#next[run] = this.#next.length - 1;
  }
}
