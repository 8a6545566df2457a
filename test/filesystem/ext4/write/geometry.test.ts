import { expect, test } from "bun:test";
import {
  geometryFor,
  reservedRunAfter,
  superblockGroups,
} from "../../../../src/filesystem/ext4/write/geometry.ts";
import { type LayoutRule, usableBlocks } from "../../../../src/filesystem/ext4/write/group-layout.ts";
import { VARIANTS } from "../../../../src/filesystem/ext4/write/variant.ts";

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

test("an ext3 of 16 TiB and more is refused, for its block numbers have 32 bits", () => {
  expect(geometryFor(2 ** 32 - 1, "ext3").descriptorBlocks).toBe(1024);
  expect(() => geometryFor(2 ** 32, "ext3")).toThrow("more than the 16 TiB that are possible with ext3");
});

test("every group of an ext3 keeps its head free: bitmaps, a table of 1,024 blocks, any descriptors", () => {
  const geometry = geometryFor(128 * GROUP, "ext3");
  const at = (block: number) => reservedRunAfter(geometry, block);
  expect(geometry.descriptorBlocks).toBe(1);
  expect(at(0)).toEqual({ start: 0, length: 2 + 2 + 1024 });
  expect(at(1027)).toEqual({ start: 0, length: 1028 });
  expect(at(1028)).toEqual({ start: GROUP, length: 1028 });
  expect(at(GROUP + 1028)).toEqual({ start: 2 * GROUP, length: 1026 });
  expect(at(2 * GROUP + 1025).start).toBe(2 * GROUP);
  expect(at(2 * GROUP + 1026).start).toBe(3 * GROUP);
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

const RULE: LayoutRule = { variant: VARIANTS.ext4, usedInodes: 11, inodes: "usual", journal: "usual" };

test("a last group too short for its superblock and descriptors is left out", () => {
  expect(usableBlocks(GROUP + 1, RULE)).toBe(GROUP);
  expect(usableBlocks(GROUP + 2, RULE)).toBe(GROUP + 2);
  expect(usableBlocks(2 * GROUP + 1, RULE)).toBe(2 * GROUP + 1);
  expect(usableBlocks(81 * GROUP + 2, RULE)).toBe(81 * GROUP);
  expect(usableBlocks(81 * GROUP + 3, RULE)).toBe(81 * GROUP + 3);
});
