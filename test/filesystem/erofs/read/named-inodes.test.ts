import { expect, test } from "bun:test";
import { NamedInodes } from "../../../../src/filesystem/erofs/read/verify/named-inodes.ts";
import { finished } from "../../../../src/waiting/steps.ts";

test("inodes are found by their numbers, and come in the order in which they were met", () => {
  const inodes = new NamedInodes();
  // Neighbours, and numbers that differ only in their upper halves.
  const numbers = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? 36 + i : i * 2 ** 32 + 7));
  for (const number of numbers) {
    expect(inodes.find(number)).toBe(-1);
    inodes.add(number, number % 3 === 0 ? "directory" : "symlink", number % 1000, 1);
  }
  for (const [i, number] of numbers.entries()) {
    const place = inodes.find(number);
    expect(inodes.typeAt(place)).toBe(number % 3 === 0 ? "directory" : "symlink");
    if (i % 5 === 0) inodes.countName(place);
  }
  const seen: [number, number, number][] = [];
  finished(inodes.each((...inode) => seen.push(inode)));
  expect(seen).toEqual(numbers.map((number, i) => [number, number % 1000, i % 5 === 0 ? 2 : 1]));
  expect(inodes.count).toBe(numbers.length);
  expect(inodes.find(5)).toBe(-1);
});
