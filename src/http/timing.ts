import { setTimeout as delay } from "node:timers/promises";

/** The clock and the dice, so that nothing that waits has to be waited for in a test. */
export interface Timing {
  /** Milliseconds since 1970. */
  now(): number;
  /** Throws the signal's reason when it is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
}

export const REAL_TIME: Timing = {
  now: Date.now,
  sleep: async (milliseconds, signal) => {
    try {
      await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
  random: Math.random,
};
