import { describe, expect, test } from "bun:test";
import { sortedByName, sortedNames } from "../../src/waiting/sorted.ts";
import { finished } from "../../src/waiting/steps.ts";

describe("names", () => {
  const named = Array.from({ length: 20_000 }, (_, i) => ({ name: String((i * 7919) % 15_013), place: i }));

  test("are sorted, and stay in order where they are the same", () => {
    const expected = [...named].sort((a, b) =>
      a.name === b.name ? a.place - b.place : a.name < b.name ? -1 : 1,
    );
    expect(finished(sortedByName(named))).toEqual(expected);
    expect(finished(sortedByName([]))).toEqual([]);
  });

  test("are sorted by themselves", () => {
    const names = named.map(({ name }) => name);
    expect(finished(sortedNames(names))).toEqual([...names].sort());
  });

  test("are sorted with pauses", () => {
    expect([...sortedByName(named)].length).toBeGreaterThan(10);
  });
});
