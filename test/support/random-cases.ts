/**
 * How much is drawn at random where programs judge each case and take a second for it: `some` in every run, of a seed of
 * its own, so that runs add up; `all` with DOCKER2VM_RANDOM_CASES=all. DOCKER2VM_RANDOM_SEED draws the same again. The
 * first failure ends it, for to make it smaller would take hours; it is told where it happens, and in a line at the
 * run's end, since that may be all of a log that is left.
 */
import { randomInt } from "node:crypto";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";

interface Draw {
  readonly some: number;
  readonly all: number;
}

/** What is known of a run of cases that has come to its end: of fast-check's RunDetails. */
interface Ended {
  readonly failed: boolean;
  readonly numRuns: number;
  readonly counterexample: unknown;
  readonly errorInstance?: unknown;
}

export interface RandomCases {
  readonly numRuns: number;
  readonly seed: number;
  readonly endOnFailure: true;
  readonly reporter: (ended: Ended) => void;
}

/** Characters of what was found, and of what it was found with, in the line at the end. */
const MOST_TOLD = 2000;

/** What takes the lines of this run. */
export class FailedCases {
  readonly #lines: string[] = [];

  /** Throws what fast-check is to end with, if a case has failed. */
  report(what: string, seed: number, { failed, numRuns, counterexample, errorInstance }: Ended): void {
    if (!failed) return;
    const at = `${what}, seed ${seed}, case ${numRuns}`;
    const drawn = fc.stringify(counterexample);
    this.note(at, `${short(messageOf(errorInstance))} OF ${short(drawn)}`);
    throw new Error(`${at}: ${messageOf(errorInstance)}\nof ${drawn}`, { cause: errorInstance });
  }

  note(at: string, found: string): void {
    this.#lines.push(`failed at random: ${at}: ${found}`);
  }

  /** A line for each; undefined where there are none. */
  tell(): string | undefined {
    return this.#lines.length === 0 ? undefined : this.#lines.join("\n");
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function short(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, " ").slice(0, MOST_TOLD);
}

/** Of this run. */
export const failedCases = new FailedCases();

/** What fast-check's `assert` takes; prints the seed. */
export function randomCases(what: string, { some, all }: Draw): RandomCases {
  const numRuns = process.env["DOCKER2VM_RANDOM_CASES"] === "all" ? all : some;
  const seed = drawSeed();
  console.log(`${numRuns} ${what}: seed ${seed}`);
  const reporter = (ended: Ended): void => failedCases.report(what, seed, ended);
  return { numRuns, seed, endOnFailure: true, reporter };
}

/** For what draws by itself: the same from the same seed, which is printed, and told again where it fails. */
export function withSeed(what: string, use: (seed: number) => void): void {
  const seed = drawSeed();
  console.log(`${what}: seed ${seed}`);
  try {
    use(seed);
  } catch (error) {
    failedCases.note(`${what}, seed ${seed}`, short(messageOf(error)));
    throw error;
  }
}

function drawSeed(): number {
  const given = process.env["DOCKER2VM_RANDOM_SEED"];
  return given === undefined ? randomInt(2 ** 31) : Number(given);
}
