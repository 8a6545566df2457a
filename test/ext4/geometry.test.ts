import { expect, test } from "bun:test";
import { geometryFor, reservedRunAfter, superblockGroups } from "../../src/ext4/geometry.ts";
import { usableBlocks } from "../../src/ext4/group-layout.ts";

const GROUP = 32768;

test("superblocks lie in groups 0, 1 and the powers of 3, 5 and 7", () => {
  expect(superblockGroups(400)).toEqual([0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125, 243, 343]);
});

test("a geometry keeps one block of descriptors free for each 64 groups", () => {
  expect(geometryFor(1).descriptorBlocks).toBe(1);
  expect(geometryFor(64 * GROUP).descriptorBlocks).toBe(1);
  expect(geometryFor(64 * GROUP + 1).descriptorBlocks).toBe(2);
});

test("a geometry of more than 128 TiB is refused", () => {
  expect(geometryFor(2 ** 35).descriptorBlocks).toBe(16384);
  expect(() => geometryFor(2 ** 35 + 1)).toThrow("128 TiB");
});

test("the reserved run after a block is the one it lies in or the next", () => {
  const geometry = geometryFor(128 * GROUP);
  const at = (block: number) => reservedRunAfter(geometry, block);
  expect(at(0)).toEqual({ start: 0, length: 3 });
  expect(at(2)).toEqual({ start: 0, length: 3 });
  expect(at(3)).toEqual({ start: GROUP, length: 3 });
  expect(at(GROUP + 2)).toEqual({ start: GROUP, length: 3 });
  expect(at(GROUP + 3)).toEqual({ start: 3 * GROUP, length: 3 });
  expect(at(9 * GROUP + 3)).toEqual({ start: 25 * GROUP, length: 3 });
});

test("the reserved run after a block agrees with the groups of superblocks, far past 2^31 blocks", () => {
  const geometry = geometryFor(2 ** 34);
  const groups = superblockGroups(2 ** 19);
  for (const [i, group] of groups.entries()) {
    const start = group * GROUP;
    expect(reservedRunAfter(geometry, start + geometry.descriptorBlocks).start).toBe(start);
    const next = groups[i + 1];
    if (next !== undefined) {
      expect(reservedRunAfter(geometry, start + geometry.descriptorBlocks + 1).start).toBe(next * GROUP);
    }
  }
});

test("a last group too short for its superblock and descriptors is left out", () => {
  expect(usableBlocks(GROUP + 1)).toBe(GROUP);
  expect(usableBlocks(GROUP + 2)).toBe(GROUP + 2);
  expect(usableBlocks(2 * GROUP + 1)).toBe(2 * GROUP + 1);
  expect(usableBlocks(81 * GROUP + 2)).toBe(81 * GROUP);
  expect(usableBlocks(81 * GROUP + 3)).toBe(81 * GROUP + 3);
});
