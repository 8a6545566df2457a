/** What the options ask for: size, free space, the log, read-only. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  FIRST_CHUNK,
  LEAST_BLOCKS,
  reservedRunAfter,
} from "../../../../src/filesystem/xfs/write/geometry.ts";
import { groupReserve, layoutOf, mountReserve } from "../../../../src/filesystem/xfs/write/layout.ts";
import type { Placement } from "../../../../src/filesystem/xfs/write/placement.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { expectError } from "../../../support/expect-error.ts";
import { run, testWith } from "../../../support/oracles.ts";
import { directory, directoryOf, emptyFile, fixed, MIB } from "../../ext4/write/images.ts";
import { type Image, withImage } from "./images.ts";
import { expectSilentRepair, withMount } from "./mounting.ts";

const UNIT = 4096;
const GIB = 1024 * MIB;

function tree(image: Image, bytes = 50_000, files = 20) {
  const many = new Map<string, Inode>();
  for (let i = 0; i < files; i++) many.set(`${i}`, emptyFile());
  return directory({ file: image.file(Buffer.alloc(bytes, "x")), many: directoryOf(many) });
}

test("groups are as large as can be: two of them, four from 4 GiB on, one with room for the log", () => {
  const shapeOf = (blocks: number) => {
    const layout = layoutOf(blocks, { log: "least" });
    return layout && [layout.groupBlocks / UNIT, layout.count, layout.blocks - blocks];
  };
  expect(shapeOf(LEAST_BLOCKS + 1338 - 64 + 9)).toBeUndefined();
  expect(shapeOf(LEAST_BLOCKS + 1338 - 64 + 10)).toEqual([1, 2, 0]);
  expect(shapeOf(2 * UNIT)).toEqual([1, 2, 0]);
  expect(shapeOf(2 * UNIT + 1347)).toEqual([1, 3, 0]);
  expect(shapeOf(2 * UNIT + 1348)).toEqual([2, 2, 0]);
  expect(shapeOf(2 * UNIT + 63)).toEqual([1, 2, -63]);
  expect(shapeOf(2 * UNIT + 64)).toEqual([1, 3, 0]);
  expect(shapeOf(GIB)).toEqual([32, 2, 0]);
  expect(shapeOf(4 * GIB - 1)).toEqual([128, 2, 0]);
  expect(shapeOf(4 * GIB)).toEqual([64, 4, 0]);
  expect(shapeOf(7 * GIB)).toEqual([128, 4, 0]);
  expect(shapeOf(1024 * 1024 * GIB)).toEqual([32_768, 2048, 0]);
});

test("room is kept for a group's head at every 16 MiB, and in the first for the first inodes", () => {
  expect(reservedRunAfter(0)).toEqual({ start: 0, length: FIRST_CHUNK + 8 });
  expect(reservedRunAfter(24)).toEqual({ start: UNIT, length: 16 });
  expect(reservedRunAfter(UNIT + 15)).toEqual({ start: UNIT, length: 16 });
  expect(reservedRunAfter(UNIT + 16)).toEqual({ start: 2 * UNIT, length: 16 });
});

/** Whether each group has what a mount sets aside in it. */
function hasReserves({ groups, layout, log }: Placement): boolean {
  return groups.every(({ start, length, freeBlocks, agfl }) => {
    const logHere = log >= start && log < start + length ? layout.logBlocks : 0;
    return freeBlocks + agfl.length >= groupReserve(length - logHere);
  });
}

for (const [free, name] of [
  [0, "none"],
  [1, "one block"],
  [500 * MIB, "500 MiB"],
] as const) {
  testWith(
    ["xfs_repair", "xfs_db", "loop mount"],
    `free space as a guest finds it: ${name}, and little more`,
    () => {
      for (const bytes of [50_000, 120_000_000]) {
        withImage((image) => {
          const { placement } = image.finish(tree(image, bytes), { size: { kind: "auto", free } });
          expect(hasReserves(placement)).toBe(true);
          expectSilentRepair(image.path);
          const { bavail } = withMount(image.path, "rw", (mountPoint) => statfsSync(mountPoint));
          expect(bavail).toBeGreaterThanOrEqual(free);
          // Up to the next whole MiB, what is reckoned too carefully, and a twentieth that an empty image has too little.
          if (free > 1) expect(bavail).toBeLessThan(free + 2 * MIB);
        });
      }
    },
  );
}

testWith(
  ["xfs_repair", "xfs_db", "loop mount"],
  "the size that is chosen leaves a quarter of what is used, and at least 64 MiB",
  () => {
    for (const [bytes, least] of [
      [50_000, 64 * MIB],
      [500_000_000, 500_000_000 / 4096 / 4],
    ] as const) {
      withImage((image) => {
        const { placement } = image.finish(tree(image, bytes));
        expect(hasReserves(placement)).toBe(true);
        expectSilentRepair(image.path);
        const { bavail } = withMount(image.path, "rw", (mountPoint) => statfsSync(mountPoint));
        expect(bavail).toBeGreaterThanOrEqual(least);
        expect(bavail).toBeLessThan(1.2 * least);
      });
    }
  },
);

testWith(
  ["loop mount"],
  "what a mount takes is reckoned to within a thousandth of the size and 40 blocks a group",
  () => {
    for (const blocks of [5445, 8192, 20_000, 100_000, GIB, 4 * GIB, 10 * GIB, 1024 * GIB]) {
      withImage((image) => {
        const plan = image.finish(directory(), { size: fixed(blocks) });
        const { bavail } = withMount(image.path, "rw", (mountPoint) => statfsSync(mountPoint));
        const taken = plan.freeBlocks - bavail;
        const { layout } = plan.placement;
        expect(mountReserve(layout)).toBeGreaterThanOrEqual(taken);
        expect(mountReserve(layout)).toBeLessThan(taken + blocks / 1000 + layout.count * 40);
      });
    }
  },
);

testWith(
  ["xfs_repair", "xfs_db", "loop mount"],
  "the smallest size holds everything, and a block less does not",
  () => {
    for (const [bytes, files] of [
      [0, 0],
      [4096 * 5500, 3000],
      [4096 * 8100, 100],
      [200_000_000, 40_000],
    ] as const) {
      withImage((image) => {
        const root = tree(image, bytes, files);
        const plan = image.plan(root, { size: { kind: "min" } });
        const at = (blocks: number) => () => image.plan(root, { size: fixed(blocks), readOnly: true });
        expect(at(plan.blocks)().blocks).toBe(plan.blocks);
        expect(at(plan.blocks - 1)).toThrow("needs a filesystem of");
        image.finish(root, { size: { kind: "min" } });
        expectSilentRepair(image.path);
        withMount(image.path, "ro", (mountPoint) => {
          expect(readdirSync(join(mountPoint, "many"))).toHaveLength(files);
          expect(readFileSync(join(mountPoint, "file")).equals(Buffer.alloc(bytes, "x"))).toBe(true);
        });
      });
    }
  },
);

testWith(
  ["xfs_repair", "xfs_db", "loop mount"],
  "one for reading only has nothing spare, and can be mounted as any",
  () => {
    withImage((image) => {
      const root = tree(image, 30_000_000);
      const { blocks } = image.plan(root);
      const plan = image.finish(root, { readOnly: true });
      expect(plan.blocks).toBeLessThan(blocks / 2);
      expectSilentRepair(image.path);
      withMount(image.path, "rw", (mountPoint) => expect(readdirSync(mountPoint)).toHaveLength(2));
      expectSilentRepair(image.path);
    });
  },
);

testWith(["loop mount"], "no kernel takes a shorter log than the least", () => {
  for (const blocks of [UNIT * 2, 16 * UNIT + 8192, 32 * UNIT, 128 * UNIT, 2048 * 8 * UNIT]) {
    withImage((image) => {
      const plan = image.finish(directory(), { size: fixed(blocks), readOnly: true });
      withMount(image.path, "ro", (mountPoint) => expect(readdirSync(mountPoint)).toEqual([]));
      const shortened = { ...plan.placement.layout, logBlocks: plan.placement.layout.logBlocks - 1 };
      image.emit({ ...plan, placement: { ...plan.placement, layout: shortened } });
      expect(() => withMount(image.path, "ro", () => undefined)).toThrow("exit 32");
    });
  }
});

testWith(["xfs_repair", "xfs_db", "loop mount"], "a log is as long as asked for", () => {
  for (const blocks of [1338, 5000, 40_000]) {
    withImage((image) => {
      const { placement } = image.finish(tree(image), { log: { blocks } });
      expect(placement.layout.logBlocks).toBe(blocks);
      const { stdout } = run("xfs_db", ["-r", "-c", "sb 0", "-c", "print logblocks", image.path]);
      expect(stdout).toBe(`logblocks = ${blocks}\n`);
      expectSilentRepair(image.path);
      withMount(image.path, "rw", (mountPoint) => writeFileSync(join(mountPoint, "new"), "new"));
      expectSilentRepair(image.path);
    });
  }
});

test("a log that cannot be is an error that says what can", async () => {
  const finish = (blocks: number, size: number) => () =>
    withImage((image) => image.plan(directory(), { log: { blocks }, size: fixed(size) }));
  await expectError(finish(1338, GIB), "E_USAGE", "a log of 5480448 bytes is too short", "wants 7966720");
  expect(finish(1945, GIB)().placement.layout.logBlocks).toBe(1945);
});

test("a size that is too small is an error with one that would do", async () => {
  const finish = (blocks: number) => () =>
    withImage((image) => image.plan(tree(image, 100_000_000), { size: fixed(blocks) }));
  for (const blocks of [1, 5000, 20_000]) await expectError(finish(blocks), "E_SIZE_TOO_SMALL", "(102 MiB)");
  expect(finish(102 * MIB)().blocks).toBe(102 * MIB);
  await expectError(finish(101 * MIB), "E_SIZE_TOO_SMALL");
});

testWith(
  ["xfs_repair", "xfs_db", "loop mount"],
  "a lost+found is made where one is asked for, and the tree's own is kept",
  () => {
    withImage((image) => {
      image.finish(directory(), { lostAndFound: true });
      expectSilentRepair(image.path);
      withMount(image.path, "ro", (mountPoint) => expect(readdirSync(mountPoint)).toEqual(["lost+found"]));
      const own = directory({ "lost+found": directory({ a: emptyFile() }) });
      expect(image.plan(own, { lostAndFound: true }).namespace).toHaveLength(3);
    });
  },
);
