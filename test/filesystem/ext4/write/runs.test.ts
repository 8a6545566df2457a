import { expect, test } from "bun:test";
import fc from "fast-check";
import { FreeSpace } from "../../../../src/blocks/free-space.ts";
import {
  below,
  blocksIn,
  RunCollector,
  type RunSet,
  runSetOf,
  subtract,
} from "../../../../src/blocks/runs.ts";

const run = fc.record({ start: fc.nat(60), length: fc.nat(9) });
const runs = fc.array(run, { maxLength: 12 });

function blocksOf(set: RunSet): Set<number> {
  const blocks = new Set<number>();
  for (const [i, start] of set.starts.entries()) {
    for (let block = start; block < (set.ends[i] ?? 0); block++) blocks.add(block);
  }
  return blocks;
}

function model(list: readonly { start: number; length: number }[]): Set<number> {
  return new Set(list.flatMap(({ start, length }) => Array.from({ length }, (_, i) => start + i)));
}

test("a union has every block once, ascending, in runs that do not touch", () => {
  fc.assert(
    fc.property(runs, (list) => {
      const set = runSetOf(list);
      expect(blocksOf(set)).toEqual(model(list));
      expect(blocksIn(set)).toBe(model(list).size);
      for (let i = 1; i < set.starts.length; i++) expect(set.starts[i]).toBeGreaterThan(set.ends[i - 1] ?? 0);
    }),
  );
});

test("a union where overlaps are forbidden names the block that is used twice", () => {
  const collector = new RunCollector();
  collector.add(10, 5);
  collector.add(14, 1);
  expect(() => collector.union("forbidden", "files")).toThrow("block 14 is used twice by files");
});

test("subtracting leaves what is in the first set only", () => {
  fc.assert(
    fc.property(runs, runs, (a, b) => {
      expect(blocksOf(subtract(runSetOf(a), runSetOf(b)))).toEqual(
        new Set([...model(a)].filter((block) => !model(b).has(block))),
      );
    }),
  );
});

test("what is below a block ends there", () => {
  expect(
    below(
      runSetOf([
        { start: 2, length: 4 },
        { start: 9, length: 4 },
      ]),
      4,
    ),
  ).toEqual({ starts: [2], ends: [4] });
});

const request = fc.oneof(
  fc.record({
    kind: fc.constant("first fit" as const),
    length: fc.integer({ min: 1, max: 6 }),
    from: fc.nat(70),
  }),
  fc.record({ kind: fc.constant("lowest" as const), length: fc.nat(6), from: fc.constant(0) }),
);

test("free space serves the first fit from a block on, wraps around, and never hands out a block twice", () => {
  fc.assert(
    fc.property(runs, fc.array(request, { maxLength: 20 }), (list, requests) => {
      const space = new FreeSpace(runSetOf(list));
      const left = model(list);
      for (const { kind, length, from } of requests) {
        const expected = kind === "lowest" ? lowest(left, length) : firstFit(left, length, from);
        expect(kind === "lowest" ? takeLowest(space, length) : takeFit(space, length, from)).toEqual(
          expected,
        );
        for (const block of expected) left.delete(block);
      }
      const collector = new RunCollector();
      space.collect(collector);
      expect(blocksOf(collector.union("forbidden", "the rest"))).toEqual(left);
    }),
  );
});

function takeFit(space: FreeSpace, length: number, from: number): number[] {
  const start = space.take(length, from);
  return start === undefined ? [] : Array.from({ length }, (_, i) => start + i);
}

function takeLowest(space: FreeSpace, length: number): number[] {
  const taken: { start: number; length: number }[] = [];
  space.takeLowest(length, taken);
  return [...model(taken)];
}

function firstFit(free: ReadonlySet<number>, length: number, from: number): number[] {
  for (const first of [from, 0]) {
    for (let start = first; start < 70; start++) {
      const blocks = Array.from({ length }, (_, i) => start + i);
      if (blocks.every((block) => free.has(block))) return blocks;
    }
  }
  return [];
}

function lowest(free: ReadonlySet<number>, count: number): number[] {
  return [...free].sort((a, b) => a - b).slice(0, count);
}
