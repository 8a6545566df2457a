import { assert } from "../errors.ts";
import type { Run } from "./blocks.ts";

/** Disjoint runs of blocks, ascending and never touching: run `i` is `starts[i]` up to, not including, `ends[i]`. */
export interface RunSet {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Gathers runs in any order. */
export class RunCollector {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  add(start: number, length: number): void {
    if (length === 0) return;
    const last = this.#ends.length - 1;
    // Files mostly follow one another: a million of them are a few runs.
    if (this.#ends[last] === start) {
      this.#ends[last] = start + length;
      return;
    }
    this.#starts.push(start);
    this.#ends.push(start + length);
  }

  addAll({ starts, ends }: RunSet): void {
    for (let i = 0; i < starts.length; i++) this.add(starts[i] ?? 0, (ends[i] ?? 0) - (starts[i] ?? 0));
  }

  /**
   * The union. Starts and ends are sorted apart, since a sweep needs to know only how many runs are open.
   * `overlap` "forbidden" asserts that no block was added twice; `what` names the runs in that case.
   */
  union(overlap: "forbidden" | "allowed", what: string): RunSet {
    const from = new Float64Array(this.#starts).sort();
    const to = new Float64Array(this.#ends).sort();
    const starts: number[] = [];
    const ends: number[] = [];
    let begun = 0;
    let open = 0;
    for (const end of to) {
      while ((from[begun] ?? Number.POSITIVE_INFINITY) < end) {
        const start = from[begun++] ?? 0;
        if (open++ > 0) assert(overlap === "allowed", `block ${start} is used twice by ${what}`);
        else if (ends.at(-1) === start) ends.pop();
        else starts.push(start);
      }
      if (--open === 0) ends.push(end);
    }
    return { starts, ends };
  }
}

/** The union of runs that may overlap. */
export function runSetOf(runs: Iterable<Run>): RunSet {
  const collector = new RunCollector();
  for (const run of runs) collector.add(run.start, run.length);
  return collector.union("allowed", "runs");
}

/** What is in either. */
export function unite(a: RunSet, b: RunSet): RunSet {
  const collector = new RunCollector();
  collector.addAll(a);
  collector.addAll(b);
  return collector.union("allowed", "runs");
}

/** What of `from` is not in `removed`. */
export function subtract(from: RunSet, removed: RunSet): RunSet {
  const starts: number[] = [];
  const ends: number[] = [];
  let next = 0;
  for (let i = 0; i < from.starts.length; i++) {
    let start = from.starts[i] ?? 0;
    const end = from.ends[i] ?? 0;
    while ((removed.ends[next] ?? Number.POSITIVE_INFINITY) <= start) next++;
    for (let hole = next; (removed.starts[hole] ?? Number.POSITIVE_INFINITY) < end; hole++) {
      const holeStart = removed.starts[hole] ?? 0;
      if (holeStart > start) {
        starts.push(start);
        ends.push(holeStart);
      }
      start = removed.ends[hole] ?? 0;
    }
    if (start < end) {
      starts.push(start);
      ends.push(end);
    }
  }
  return { starts, ends };
}

/** What is in both. */
export function intersect(a: RunSet, b: RunSet): RunSet {
  return subtract(a, subtract(a, b));
}

/** What of `length` blocks from `start` on is in `runs`. */
export function intersectRun({ starts, ends }: RunSet, start: number, length: number): Run[] {
  const found: Run[] = [];
  for (let i = firstEndingPast(ends, start); (starts[i] ?? Number.POSITIVE_INFINITY) < start + length; i++) {
    const from = Math.max(starts[i] ?? 0, start);
    found.push({ start: from, length: Math.min(ends[i] ?? 0, start + length) - from });
  }
  return found;
}

/** Whether any of `length` blocks from `start` on is in the set. */
export function meets({ starts, ends }: RunSet, start: number, length: number): boolean {
  return (starts[firstEndingPast(ends, start)] ?? Number.POSITIVE_INFINITY) < start + length;
}

function firstEndingPast(ends: readonly number[], block: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? 0) > block) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What of `runs` lies below block `end`. */
export function below(runs: RunSet, end: number): RunSet {
  return subtract(runs, { starts: [end], ends: [Number.POSITIVE_INFINITY] });
}

/** Blocks in all runs. */
export function blocksIn(runs: RunSet): number {
  let total = 0;
  for (let i = 0; i < runs.starts.length; i++) total += (runs.ends[i] ?? 0) - (runs.starts[i] ?? 0);
  return total;
}
