import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Costs, LayerShape } from "../../bench/cores/costs.ts";
import { type Plan, simulate } from "../../bench/cores/pipeline.ts";
import { Seats } from "../../bench/cores/seats.ts";
import { ArenaSchedule, STREAMS_IN_FLIGHT } from "../../src/output/arenas.ts";
import { BlockSupply } from "../../src/output/block-supply.ts";

const COSTS: Costs = {
  storedByte: { readAndHash: 1e-9, inflate: 2e-9 },
  plainByte: { inflate: 1e-9, hash: 0.5e-9, place: 0.2e-9, write: 0.2e-9 },
  entry: { place: 5e-6, overlay: 1e-6, finish: 4e-6 },
  start: 0.1,
  finish: 0.05,
  runtime: { entry: 1e-6, image: 0.2 },
};

const someLayers = fc.array(
  fc.record({
    stored: fc.integer({ min: 1, max: 50e6 }),
    plain: fc.integer({ min: 1, max: 200e6 }),
    entries: fc.integer({ min: 1, max: 20_000 }),
  }),
  { minLength: 1, maxLength: 6 },
);

const somePlan = fc.record({
  cores: fc.integer({ min: 1, max: 16 }),
  seats: fc.integer({ min: 1, max: 8 }),
  threads: fc.integer({ min: 0, max: 16 }),
  hashers: fc.constantFrom<Plan["hashers"]>("as now", 1, 2),
  lanes: fc.constantFrom(1, 4),
  placing: fc.constantFrom<Plan["placing"]>("together", "apart"),
  disk: fc.constantFrom(Number.POSITIVE_INFINITY, 1e9),
});

test("a conversion comes to its end, whatever is tried, and does the same work", () => {
  fc.assert(
    fc.property(someLayers, somePlan, (layers: readonly LayerShape[], plan) => {
      const { wall, cpu } = simulate(layers, COSTS, plan);
      const alone = simulate(layers, COSTS, {
        ...plan,
        cores: 1,
        threads: 0,
        disk: Number.POSITIVE_INFINITY,
      });
      expect(cpu).toBeCloseTo(alone.cpu, 6);
      expect(wall).toBeGreaterThan(0);
      expect(wall * plan.cores).toBeGreaterThanOrEqual(
        cpu - COSTS.runtime.image - 1e-6 * layers.reduce((sum, { entries }) => sum + entries, 0) - 1e-6,
      );
    }),
    { numRuns: 50 },
  );
});

test("seats are served as those of a conversion are", async () => {
  const arenas = [5, 1, 7, 0, 3, 9];
  const served: string[] = [];
  const seats = new Seats(arenas.length, STREAMS_IN_FLIGHT);
  const supposed = async (index: number, blocks: number): Promise<void> => {
    for (let arena = 0; arena < blocks; arena++) {
      const length = await new Promise<number>((resolve) => seats.take(index, resolve));
      served.push(`${index}: ${length}`);
    }
    seats.finish(index);
  };
  await inSeats(arenas, supposed);

  const space = { end: 1e9, leastRun: 1, remedy: "", reservedAfter: () => ({ start: 1e9, length: 1 }) };
  const schedule = new ArenaSchedule(arenas.length, new BlockSupply(space));
  const real: string[] = [];
  await inSeats(arenas, async (index, blocks) => {
    for (let arena = 0; arena < blocks; arena++) {
      real.push(`${index}: ${(await schedule.take(index, 1)).length}`);
    }
    schedule.finish(index, []);
  });
  expect(served).toEqual(real);
});

async function inSeats(
  arenas: readonly number[],
  stream: (index: number, count: number) => Promise<void>,
): Promise<void> {
  const waiting = arenas.entries();
  const one = async (): Promise<void> => {
    for (const [index, count] of waiting) await stream(index, count);
  };
  await Promise.all(Array.from({ length: STREAMS_IN_FLIGHT }, one));
}
