import type { Run } from "../blocks/blocks.ts";

/** The longest runs that were passed over: of more, the shortest are given up. */
const MOST_ASIDE = 32;

/** Room that was passed over for want of length, and is kept for files that fit. */
export class RoomAside {
  readonly #runs: Run[] = [];
  readonly #givenUp: Run[] = [];

  put(run: Run): void {
    if (run.length > 0) this.#runs.push(run);
    if (this.#runs.length <= MOST_ASIDE) return;
    const shortest = indexOf(this.#runs, (candidate, best) => candidate.length < best.length);
    this.#givenUp.push(...this.#runs.splice(shortest, 1));
  }

  /** The longest run, if that is long enough: the longer, the fewer writes. */
  take(least: number): Run | undefined {
    const index = indexOf(this.#runs, (run, best) => run.length > best.length);
    const run = this.#runs[index];
    if (run === undefined || run.length < least) return undefined;
    this.#runs.splice(index, 1);
    return run;
  }

  /** All that is here, and was given up. */
  get left(): readonly Run[] {
    return [...this.#givenUp, ...this.#runs];
  }
}

/** Index of the run that no other is better than, the first such; -1 where there is none. */
function indexOf(runs: readonly Run[], isBetter: (run: Run, best: Run) => boolean): number {
  let index = -1;
  for (const [i, run] of runs.entries()) {
    const best = runs[index];
    if (best === undefined || isBetter(run, best)) index = i;
  }
  return index;
}
