import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ArenaSchedule, BlockSupply, STREAMS_IN_FLIGHT } from "../../src/output/arenas.ts";
import type { Run } from "../../src/output/blocks.ts";

/** 100 blocks kept free at the start of every 1000. */
const space = {
  end: 1e9,
  reservedAfter: (block: number): Run => {
    const period = Math.floor(block / 1000) * 1000;
    return { start: block < period + 100 ? period : period + 1000, length: 100 };
  },
};

/** Runs streams that take `demands[i]` arenas each; `delays` says how many turns of the loop each step waits. */
async function play(demands: readonly number[], delays: () => number): Promise<Run[][]> {
  const schedule = new ArenaSchedule(demands.length, new BlockSupply(space));
  const places: Run[][] = demands.map(() => []);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < demands.length) {
      const stream = next++;
      for (let n = 0; n < (demands[stream] ?? 0); n++) {
        for (let wait = delays(); wait > 0; wait--) await Promise.resolve();
        places[stream]?.push(...(await schedule.take(stream)));
      }
      for (let wait = delays(); wait > 0; wait--) await Promise.resolve();
      schedule.finish(stream);
    }
  };
  await Promise.all(Array.from({ length: STREAMS_IN_FLIGHT }, worker));
  return places;
}

describe("arenas", () => {
  test("one stream gets consecutive blocks around what is kept free", async () => {
    const [runs = []] = await play([3], () => 0);
    expect(runs).toEqual([
      { start: 100, length: 64 },
      { start: 164, length: 128 },
      { start: 292, length: 256 },
    ]);
  });

  test("an arena that meets kept-free blocks goes on behind them", async () => {
    const [runs = []] = await play([5], () => 0);
    expect(runs.slice(3)).toEqual([
      { start: 548, length: 452 },
      { start: 1100, length: 60 },
      { start: 1160, length: 840 },
      { start: 2100, length: 184 },
    ]);
  });

  test("streams take turns", async () => {
    const [a = [], b = []] = await play([2, 2], () => 0);
    expect([a[0]?.start, b[0]?.start, a[1]?.start, b[1]?.start]).toEqual([100, 164, 228, 356]);
  });

  test("places follow from the demands alone, whatever the timing", async () => {
    const demands = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(demands, fc.infiniteStream(fc.integer({ min: 0, max: 7 })), async (counts, waits) => {
        const steady = await play(counts, () => 0);
        const uneven = await play(counts, () => waits.next().value ?? 0);
        expect(uneven).toEqual(steady);
      }),
      { numRuns: 300 },
    );
  });

  test("no block is handed out twice, and none that is kept free", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 10 }), async (counts) => {
        const runs = (await play(counts, () => 0)).flat().sort((a, b) => a.start - b.start);
        for (const [index, run] of runs.entries()) {
          const end = run.start + run.length;
          expect(end).toBeLessThanOrEqual(runs[index + 1]?.start ?? Number.POSITIVE_INFINITY);
          expect(run.start % 1000).toBeGreaterThanOrEqual(100);
          expect(Math.floor((end - 1) / 1000)).toBe(Math.floor(run.start / 1000));
        }
      }),
    );
  });

  test("a failure ends every wait, also those to come", async () => {
    const schedule = new ArenaSchedule(2, new BlockSupply(space));
    const waiting = schedule.take(1);
    schedule.abort(new Error("stop"));
    await expect(waiting).rejects.toThrow("stop");
    await expect(schedule.take(0)).rejects.toThrow("stop");
  });

  test("contents past the space are an error that names the remedy", async () => {
    const schedule = new ArenaSchedule(1, new BlockSupply({ ...space, end: 300 }));
    await schedule.take(0);
    await schedule.take(0);
    await expect(schedule.take(0)).rejects.toMatchObject({
      code: "E_SIZE_TOO_SMALL",
      hint: expect.stringContaining("--size"),
    });
  });
});
