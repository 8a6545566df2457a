import { expect, test } from "bun:test";
import fc from "fast-check";
import { FailedCases } from "./random-cases.ts";

test("a case that fails is told by its seed, what was drawn and what was found, at once and in a line", async () => {
  const failedCases = new FailedCases();
  const runs = { seed: 5, numRuns: 20, endOnFailure: true };
  const reporter = (ended: Parameters<FailedCases["report"]>[2]) => failedCases.report("numbers", 5, ended);
  await fc.assert(
    fc.asyncProperty(fc.nat(), async () => undefined),
    { ...runs, reporter },
  );
  expect(failedCases.tell()).toBeUndefined();
  let drawn = 0;
  const property = fc.asyncProperty(fc.constantFrom("a", "b"), async (letter) => {
    if (++drawn === 3) expect([letter, "\n  d"]).toEqual(["c"]);
  });
  const failed = fc.assert(property, { ...runs, reporter });
  await expect(failed).rejects.toThrow(/^numbers, seed 5, case 3: .*expect[\s\S]*\nof \["[ab]"\]$/);
  expect(failedCases.tell()).toMatch(
    /^failed at random: numbers, seed 5, case 3: expect\(received\)\.toEqual.* OF \["[ab]"\]$/,
  );
});
