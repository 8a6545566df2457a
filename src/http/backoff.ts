import type { Timing } from "./timing.ts";

/** Tries of one thing, the first included. */
const ATTEMPTS = 5;
const FIRST_DELAY_MS = 1000;
const FACTOR = 3;
const LONGEST_DELAY_MS = 60_000;
/** A server that asks for more patience than this is not waited for. */
export const LONGEST_RETRY_AFTER_MS = 120_000;

/** How long to wait before which try: 1, 3, 9, 27 s, each with up to half of it at random added, then no more. */
export class Backoff {
  readonly #timing: Timing;
  readonly #attempts: number;
  #failures = 0;

  /** @param attempts tries in all */
  constructor(timing: Timing, attempts = ATTEMPTS) {
    this.#timing = timing;
    this.#attempts = attempts;
  }

  /** What failed has since worked: the next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Milliseconds to wait before the next try; undefined when it is time to give up. `retryAfter`, what the server
   * asks for, is obeyed instead of the own delay, or given up on if it is too long.
   */
  next(retryAfter?: number): number | undefined {
    this.#failures += 1;
    if (this.#failures >= this.#attempts) return undefined;
    if (retryAfter !== undefined) return retryAfter > LONGEST_RETRY_AFTER_MS ? undefined : retryAfter;
    const delay = Math.min(FIRST_DELAY_MS * FACTOR ** (this.#failures - 1), LONGEST_DELAY_MS);
    // At random, so that many clients that failed together do not come back together.
    return Math.round(delay * (1 + this.#timing.random() / 2));
  }
}
