import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { normalizeExtents } from "../../../../src/blocks/extents.ts";
import { EXT_INIT_MAX_LEN } from "../../../../src/filesystem/ext4/format/extent.ts";
import { treeBlocks } from "../../../../src/filesystem/ext4/write/extent-tree.ts";
import type { RegularFile } from "../../../../src/tree/inode.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { directory, fixed, MIB, metadata, withImage } from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

test("extents that follow one another in the file and on disk become one", () => {
  const parts = [
    { logical: 0, physical: 100, length: 5 },
    { logical: 5, physical: 105, length: 5 },
    { logical: 11, physical: 110, length: 1 },
    { logical: 12, physical: 112, length: 1 },
  ];
  expect(normalizeExtents(parts, EXT_INIT_MAX_LEN)).toEqual([
    { logical: 0, physical: 100, length: 10 },
    ...parts.slice(2),
  ]);
});

test("an extent of more than 32,768 blocks is split, and parts are merged before", () => {
  const long = [
    { logical: 0, physical: 2 ** 33, length: 60_000 },
    { logical: 60_000, physical: 2 ** 33 + 60_000, length: 5536 },
  ];
  expect(normalizeExtents(long, EXT_INIT_MAX_LEN)).toEqual([
    { logical: 0, physical: 2 ** 33, length: 32768 },
    { logical: 32768, physical: 2 ** 33 + 32768, length: 32768 },
  ]);
  const exact = [{ logical: 7, physical: 1, length: 32768 }];
  expect(normalizeExtents(exact, EXT_INIT_MAX_LEN)).toBe(exact);
});

test("a tree has blocks as soon as its extents outgrow the inode", () => {
  expect([0, 4, 5, 340, 341, 1360, 1361, 462_400].map(treeBlocks)).toEqual([0, 0, 1, 1, 2, 4, 6, 1364]);
});

for (const [extents, depth] of [
  [4, 0],
  [5, 1],
  [1360, 1],
  [1361, 2],
  [5000, 2],
] as const) {
  testWith(
    ["loop mount", "e2fsck", "debugfs"],
    `a file of ${extents} extents has a tree of depth ${depth}`,
    () => {
      withImage((image) => {
        image.finish(directory({ file: image.scattered(extents) }));
        expectSilentCheck(image.path);
        const dump = runOk("debugfs", ["-R", "dump_extents /file", image.path]);
        expect(dump).toMatch(new RegExp(`^ +${depth}/ +${depth} `, "m"));
        withMount(image.path, "ro", (mountPoint) => {
          const bytes = readFileSync(join(mountPoint, "file"));
          for (let i = 0; i < extents; i++) {
            const text = `block ${i} of the file`;
            expect(bytes.toString("latin1", i * 8192, i * 8192 + text.length)).toBe(text);
          }
        });
      });
    },
  );
}

/** A file whose blocks are holes of the image: contents of zeros that were never written out. */
function vast(runs: readonly { readonly start: number; readonly length: number }[]): RegularFile {
  let logical = 0;
  const extents = runs.map(({ start, length }) => {
    logical += length;
    return { logical: logical - length, physical: start, length };
  });
  return { type: "file", metadata: metadata(), size: logical * 4096, extents };
}

testWith(["loop mount", "e2fsck"], "a file of 3 TiB in an image of 5 TiB is as it should be", () => {
  withImage(
    (image) => {
      image.next = 1;
      const runs = [];
      for (let left = 3 * 2 ** 28; left > 0; ) {
        const run = image.allocate(left);
        runs.push(run);
        left -= run.length;
      }
      const plan = image.finish(directory({ vast: vast(runs), small: image.file("at the end") }), {
        size: fixed(5 * 2 ** 28),
      });
      expect(plan.groups).toBe(40_960);
      expectSilentCheck(image.path);
      withMount(image.path, "rw", (mountPoint) => {
        expect(readFileSync(join(mountPoint, "small"), "latin1")).toBe("at the end");
      });
      expectSilentCheck(image.path);
    },
    5 * 2 ** 28,
  );
});

testWith(
  ["loop mount", "e2fsck"],
  "a file that begins with a hole, and one that is nothing but a hole",
  () => {
    withImage((image) => {
      const { start } = image.allocate(1);
      image.write(start, Buffer.from("late"));
      const late: RegularFile = {
        type: "file",
        metadata: metadata(),

        size: 2 ** 40 + 4,
        extents: [{ logical: 2 ** 28, physical: start, length: 1 }],
      };
      const hole: RegularFile = {
        type: "file",
        metadata: metadata(),

        size: 50 * MIB * 4096 + 1,
        extents: [],
      };
      image.finish(directory({ late, hole }));
      expectSilentCheck(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        expect(runOk("tail", ["-c", "4", join(mountPoint, "late")])).toBe("late");
        expect(readFileSync(join(mountPoint, "hole")).every((byte) => byte === 0)).toBe(true);
      });
    });
  },
);
