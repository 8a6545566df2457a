import { expect, test } from "bun:test";
import fc from "fast-check";
import { copiesOf } from "../../src/blocks/copies.ts";
import type { Move } from "../../src/blocks/relocation.ts";

test("moves of blocks in a row are one copy, and targets in a row one run", () => {
  const moves = [
    { from: 10, to: 100, length: 2 },
    { from: 12, to: 102, length: 1 },
    { from: 13, to: 50, length: 1 },
    { from: 15, to: 51, length: 3 },
  ];
  expect([...copiesOf(moves, 512)]).toEqual([
    {
      from: 10,
      length: 4,
      targets: [
        { start: 100, length: 3 },
        { start: 50, length: 1 },
      ],
    },
    { from: 15, length: 3, targets: [{ start: 51, length: 3 }] },
  ]);
});

test("each block goes where its move says, in copies of no more blocks than there is room for", () => {
  const steps = fc.array(
    fc.record({ gap: fc.constantFrom(0, 0, 0, 1, 7), length: fc.integer({ min: 1, max: 20 }), to: fc.nat() }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 16 }), (drawn, longest) => {
      const moves: Move[] = [];
      let next = 0;
      for (const { gap, length, to } of drawn) {
        moves.push({ from: next + gap, to, length });
        next += gap + length;
      }
      const wanted = moves.flatMap(({ from, to, length }) => pairs(from, [{ start: to, length }]));
      const copies = [...copiesOf(moves, longest)];
      expect(copies.flatMap(({ from, targets }) => pairs(from, targets))).toEqual(wanted);
      for (const { length, targets } of copies) {
        expect(length).toBeLessThanOrEqual(longest);
        expect(targets.reduce((sum, run) => sum + run.length, 0)).toBe(length);
      }
      const whole = [...copiesOf(moves, Number.POSITIVE_INFINITY)];
      expect(whole.length).toBe(moves.filter(({ from }, i) => from !== endOf(moves[i - 1])).length);
    }),
  );
});

/** Each block, and where it goes. */
function pairs(from: number, targets: readonly { start: number; length: number }[]): [number, number][] {
  let at = from;
  return targets.flatMap(({ start, length }) =>
    Array.from({ length }, (_, i): [number, number] => [at++, start + i]),
  );
}

function endOf(move: Move | undefined): number {
  return move === undefined ? -1 : move.from + move.length;
}
