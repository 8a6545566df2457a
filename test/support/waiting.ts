/** Waiting for what is going to happen, however busy the machine is, and for time that passes only when it is told to. */
import { jest } from "bun:test";
import { createRequire } from "node:module";

/** Times that a condition is looked at before it is given up: minutes, and longer where the machine is slow. */
const LOOKS = 100_000;
/** Turns of the event loop that an answer over the loopback interface takes at most, and a few more. */
const TURNS = 10;

/** Resolves once the condition holds. Also while timers stand still. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; !(await condition()); looks++) {
    if (looks === LOOKS) throw new Error(`in vain: ${condition}`);
    // No timer: these may stand still.
    Bun.sleepSync(1);
    await turn();
  }
}

/** Has time pass: what is due in so many milliseconds happens, in order, with what follows from it. */
export type Pass = (milliseconds: number) => Promise<void>;

/** Timers and clocks stand still, but for what `pass` lets by; files, processes and connections go on as ever. */
export async function withStandingClock(use: (pass: Pass) => Promise<void>): Promise<void> {
  jest.useFakeTimers();
  try {
    await use(async (milliseconds) => {
      for (let passed = 0; passed < milliseconds; passed++) {
        jest.advanceTimersByTime(1);
        for (let turns = 0; turns < TURNS; turns++) await turn();
      }
    });
  } finally {
    // Who still waits would wait for ever.
    jest.runOnlyPendingTimers();
    jest.useRealTimers();
  }
}

/**
 * For every HTTP exchange under way the time passes in which something has to come; not for what begins after. undici
 * has a clock of its own for that, which only it can set.
 */
export function letPeersBeLate(milliseconds: number): void {
  const clock: { tick(milliseconds?: number): void } = createRequire(import.meta.url)(
    "undici/lib/util/timers.js",
  );
  // A new timer is looked at for the first time, and counts from there.
  clock.tick();
  clock.tick(milliseconds);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
