/**
 * How much is drawn at random where programs judge each case and take a second for it: `some` in every run, of a seed of
 * its own, so that runs add up; `all` with DOCKER2VM_RANDOM_CASES=all. The first failure ends it, with its seed: to make
 * it smaller would take hours.
 */
import { randomInt } from "node:crypto";

interface Draw {
  readonly some: number;
  readonly all: number;
}

export interface RandomCases {
  readonly numRuns: number;
  readonly seed: number;
  readonly endOnFailure: true;
  readonly includeErrorInReport: true;
}

/** What fast-check's `assert` takes; prints the seed. */
export function randomCases(what: string, { some, all }: Draw): RandomCases {
  const numRuns = process.env["DOCKER2VM_RANDOM_CASES"] === "all" ? all : some;
  const seed = randomInt(2 ** 31);
  console.log(`${numRuns} ${what}: seed ${seed}`);
  return { numRuns, seed, endOnFailure: true, includeErrorInReport: true };
}
