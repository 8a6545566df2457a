import { describe, expect, test } from "bun:test";
import { Collecting, collectGarbage, collectRecent, WORTH_COLLECTING } from "../../src/memory/collect.ts";
import { nextTurn } from "../../src/waiting/turn.ts";

const MANY = 1000;

/** So many objects that nobody has. */
function garbage(): WeakRef<object>[] {
  return Array.from({ length: MANY }, (_, at) => new WeakRef({ at }));
}

function left(refs: readonly WeakRef<object>[]): number {
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

describe("garbage is collected when that is asked for", () => {
  for (const [what, collect] of [
    ["all", collectGarbage],
    ["what is recent", collectRecent],
    ["with so much that waits", () => new Collecting().after(WORTH_COLLECTING)],
  ] as const) {
    test(what, async () => {
      const refs = garbage();
      // Until the job ends in which it was made, a reference keeps what it is to.
      await nextTurn();
      collect();
      // A collector takes some words on the stack for references.
      expect(left(refs)).toBeLessThan(MANY / 10);
    });
  }

  test("not with less, and not twice for the same", () => {
    const collecting = new Collecting();
    const times = [0, 0.9, 1, 1.5, 1.9, 2, 2.9, 3.5, 4.4, 4.5].map((times) => times * WORTH_COLLECTING);
    const due = times.filter((waiting) => collecting.isDue(waiting));
    expect(due.map((waiting) => waiting / WORTH_COLLECTING)).toEqual([1, 2, 3.5, 4.5]);
  });
});
