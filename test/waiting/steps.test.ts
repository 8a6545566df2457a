import { describe, expect, test } from "bun:test";
import {
  finished,
  inTurns,
  itemsInTurns,
  type Paused,
  type Steps,
  unpaused,
} from "../../src/waiting/steps.ts";

const STOPPED = new Error("stopped");

/** Work that goes on until it is stopped, and then says so. */
function* endless(ended: () => void): Steps<never> {
  try {
    for (;;) yield;
  } finally {
    ended();
  }
}

function* threeItems(): Paused<number> {
  yield 1;
  yield;
  yield* [2, 3];
}

/** Aborts in a turn of the event loop, which there must be for that. */
function abortedLater(): AbortSignal {
  const controller = new AbortController();
  setImmediate(() => controller.abort(STOPPED));
  return controller.signal;
}

describe("steps", () => {
  test("come to their outcome, in turns or without", async () => {
    function* sum(): Steps<number> {
      let sum = 0;
      for (const item of threeItems()) {
        yield;
        sum += item ?? 0;
      }
      return sum;
    }
    expect(finished(sum())).toBe(6);
    expect(await inTurns(sum(), undefined)).toBe(6);
  });

  test("hear a signal while they go on, and clear up", async () => {
    let ended = false;
    const running = inTurns(
      endless(() => {
        ended = true;
      }),
      abortedLater(),
    );
    expect(await running.catch((error) => error)).toBe(STOPPED);
    expect(ended).toBe(true);
  });
});

describe("items", () => {
  test("come without the pauses between them", async () => {
    expect([...unpaused(threeItems())]).toEqual([1, 2, 3]);
    expect(await Array.fromAsync(itemsInTurns(threeItems(), undefined))).toEqual([1, 2, 3]);
  });

  test("end with the signal, also where the next one never comes", async () => {
    let ended = false;
    const items = itemsInTurns(
      endless(() => {
        ended = true;
      }),
      abortedLater(),
    );
    expect(await items.next().catch((error) => error)).toBe(STOPPED);
    expect(ended).toBe(true);
  });
});
