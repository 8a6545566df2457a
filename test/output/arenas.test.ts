import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LONGEST_ROW_BLOCKS, type Run } from "../../src/blocks/blocks.ts";
import { ArenaSchedule, STREAMS_IN_FLIGHT } from "../../src/output/arenas.ts";
import { BlockSupply } from "../../src/output/block-supply.ts";

/** 100 blocks kept free at the start of every 2000. */
const PERIOD = 2000;
const space = {
  end: 1e9,
  leastRun: 64,
  remedy: "a larger space",
  reservedAfter: (block: number): Run => {
    const period = Math.floor(block / PERIOD) * PERIOD;
    return { start: block < period + 100 ? period : period + PERIOD, length: 100 };
  },
};

/** What a stream asks for: the least length of each arena, and how much of the last one it gives back. */
interface Demand {
  readonly arenas: readonly number[];
  readonly unused: number;
}

const least = (...arenas: number[]): Demand => ({ arenas, unused: 0 });

/** Runs the streams; `delays` says how many turns of the loop each step waits. What is given back is not in the result. */
async function play(demands: readonly Demand[], delays: () => number): Promise<Run[][]> {
  const schedule = new ArenaSchedule(demands.length, new BlockSupply(space));
  const places: Run[][] = demands.map(() => []);
  const pause = async (): Promise<void> => {
    for (let wait = delays(); wait > 0; wait--) await Promise.resolve();
  };
  const stream = async (index: number, { arenas, unused }: Demand): Promise<void> => {
    const runs: Run[] = [];
    for (const blocks of arenas) {
      await pause();
      runs.push(await schedule.take(index, blocks));
    }
    await pause();
    const { start, length } = runs.pop() ?? { start: 0, length: 0 };
    const used = Math.max(length - unused, 0);
    places[index] = [...runs, { start, length: used }].filter((run) => run.length > 0);
    schedule.finish(index, [{ start: start + used, length: length - used }]);
  };
  const pending = [...demands.entries()];
  const worker = async (): Promise<void> => {
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) await stream(...next);
  };
  await Promise.all(Array.from({ length: STREAMS_IN_FLIGHT }, worker));
  return places;
}

const anyDemands = fc.array(
  fc.record({
    arenas: fc.array(fc.integer({ min: 1, max: LONGEST_ROW_BLOCKS }), { maxLength: 7 }),
    unused: fc.integer({ min: 0, max: LONGEST_ROW_BLOCKS }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe("arenas", () => {
  test("one stream gets consecutive runs, each twice as long as the one before", async () => {
    const [runs = []] = await play([least(1, 1, 1)], () => 0);
    expect(runs).toEqual([
      { start: 100, length: 64 },
      { start: 164, length: 128 },
      { start: 292, length: 256 },
    ]);
  });

  test("a run ends where blocks are kept free, unless that is too short; then it is for others", async () => {
    const [runs = []] = await play([least(1, 1, 1, 1, 900, 1000, 40)], () => 0);
    expect(runs.slice(3)).toEqual([
      { start: 548, length: 512 },
      { start: 1060, length: 940 },
      { start: 2100, length: 1024 },
      { start: 3124, length: 876 },
    ]);
    const [others = []] = await play([least(900, 1024, 40)], () => 0);
    expect(others).toEqual([
      { start: 100, length: 900 },
      { start: 2100, length: 1024 },
      { start: 1000, length: 256 },
    ]);
  });

  test("streams take turns", async () => {
    const [a = [], b = []] = await play([least(1, 1), least(1, 1)], () => 0);
    expect([a[0]?.start, b[0]?.start, a[1]?.start, b[1]?.start]).toEqual([100, 164, 228, 356]);
  });

  test("a file that wants more than its stream's turn would give gets a run that holds it", async () => {
    const [runs = []] = await play([least(977, 1, 1000)], () => 0);
    expect(runs.map(({ length }) => length)).toEqual([977, 128, 1000]);
  });

  test("what a stream leaves goes to those after it", async () => {
    const demands = [{ arenas: [1000], unused: 400 }, least(1), least(300), least(40)];
    const places = await play(demands, () => 0);
    expect(places).toEqual([
      [{ start: 100, length: 600 }],
      [{ start: 1100, length: 64 }],
      [{ start: 700, length: 300 }],
      [{ start: 1000, length: 64 }],
    ]);
  });

  test("places follow from the demands alone, whatever the timing", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyDemands,
        fc.infiniteStream(fc.integer({ min: 0, max: 7 })),
        async (demands, waits) => {
          const steady = await play(demands, () => 0);
          const uneven = await play(demands, () => waits.next().value ?? 0);
          expect(uneven).toEqual(steady);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("no block is handed out twice, none that is kept free, and each run is as long as was asked", async () => {
    await fc.assert(
      fc.asyncProperty(anyDemands, async (demands) => {
        const places = await play(demands, () => 0);
        for (const [index, runs] of places.entries()) {
          for (const [nth, { length }] of runs.slice(0, -1).entries())
            expect(length).toBeGreaterThanOrEqual(demands[index]?.arenas[nth] ?? 0);
        }
        const runs = places.flat().sort((a, b) => a.start - b.start || a.length - b.length);
        for (const [index, run] of runs.entries()) {
          const end = run.start + run.length;
          expect(end).toBeLessThanOrEqual(runs[index + 1]?.start ?? Number.POSITIVE_INFINITY);
          expect(run.start % PERIOD).toBeGreaterThanOrEqual(100);
          if (run.length > 0) expect(Math.floor((end - 1) / PERIOD)).toBe(Math.floor(run.start / PERIOD));
        }
      }),
    );
  });

  test("a failure ends every wait, also those to come", async () => {
    const schedule = new ArenaSchedule(2, new BlockSupply(space));
    const waiting = schedule.take(1, 1);
    schedule.abort(new Error("stop"));
    await expect(waiting).rejects.toThrow("stop");
    await expect(schedule.take(0, 1)).rejects.toThrow("stop");
  });

  test("contents past the space are an error that names the remedy", async () => {
    const schedule = new ArenaSchedule(1, new BlockSupply({ ...space, end: 300 }));
    for (const length of [64, 128, 8]) expect((await schedule.take(0, 1)).length).toBe(length);
    await expect(schedule.take(0, 1)).rejects.toMatchObject({
      code: "E_SIZE_TOO_SMALL",
      hint: space.remedy,
    });
  });
});
