/** The block maps of ext3 and ext2: which pointer blocks there are, and that the kernel finds contents and holes. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { BLOCK_MAP_FILE_BLOCKS, BLOCK_MAP_FORM } from "../../../../src/filesystem/ext4/write/block-map.ts";
import type { Extent, RegularFile } from "../../../../src/tree/inode.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { directory, type Image, metadata, withImage } from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

const ORACLES = ["e2fsck", "loop mount"] as const;

/** Pointer blocks of a file of one extent. */
function nodes(logical: number, length: number): number {
  return BLOCK_MAP_FORM.nodeCount([{ logical, physical: 5000, length }]);
}

test("a map has the pointer blocks that lead to contents, and no others", () => {
  expect([0, 1, 12].map((length) => nodes(0, length))).toEqual([0, 0, 0]);
  expect([13, 1036, 1037, 2060, 2061].map((length) => nodes(0, length))).toEqual([1, 1, 3, 3, 4]);
  const single = 12 + 1024;
  const double = single + 1024 ** 2;
  expect([nodes(0, double), nodes(0, double + 1)]).toEqual([1026, 1029]);
  expect([nodes(single - 1, 1), nodes(single, 1), nodes(double, 1), nodes(double - 1, 2)]).toEqual([
    1, 2, 3, 5,
  ]);
  expect(nodes(double + 5 * 1024 ** 2 - 1, 2)).toBe(5);
});

/** One block each at these places of the file, the last one at its end. */
function sparse(image: Image, places: readonly number[]): RegularFile {
  const extents: Extent[] = places.map((logical) => {
    const { start } = image.allocate(1);
    image.next++;
    image.write(start, Buffer.from(`block ${logical}`));
    return { logical, physical: start, length: 1 };
  });
  return { type: "file", metadata: metadata(), size: ((places.at(-1) ?? 0) + 1) * 4096, extents };
}

const SINGLE = 12 + 1024;
const DOUBLE = SINGLE + 1024 ** 2;

for (const [name, places] of [
  ["direct blocks only", [0, 11]],
  ["the single indirect block", [3, 12, SINGLE - 1]],
  ["the double indirect block alone", [SINGLE]],
  [
    "both ends of the double indirect block",
    [11, SINGLE - 1, SINGLE, SINGLE + 1023, SINGLE + 1024, DOUBLE - 1],
  ],
  [
    "the triple indirect block",
    [0, DOUBLE - 1, DOUBLE, DOUBLE + 1024 ** 2 - 1, DOUBLE + 1024 ** 2, 400_000_000],
  ],
  ["the last block that there can be", [BLOCK_MAP_FILE_BLOCKS - 1]],
] as const) {
  testWith(ORACLES, `a file's holes and blocks are where they were: ${name}`, () => {
    withImage(
      (image) => {
        image.finish(directory({ file: sparse(image, places) }));
        expectSilentCheck(image.path);
        withMount(
          image.path,
          "rw",
          (mountPoint) => {
            for (const place of places) {
              const said = runOk("dd", [
                `if=${mountPoint}/file`,
                "bs=4096",
                `skip=${place}`,
                "count=1",
                "status=none",
              ]);
              expect(said.replace(/\0+$/, "")).toBe(`block ${place}`);
              if (place > 0 && !(places as readonly number[]).includes(place - 1)) {
                const before = runOk("dd", [
                  `if=${mountPoint}/file`,
                  "bs=4096",
                  `skip=${place - 1}`,
                  "count=1",
                  "status=none",
                ]);
                expect(before).toBe("\0".repeat(4096));
              }
            }
            runOk("rm", [join(mountPoint, "file")]);
          },
          "ext3",
        );
        expectSilentCheck(image.path);
      },
      undefined,
      "ext3",
    );
  });
}

testWith(ORACLES, "a dense file of 6 GiB needs triple indirection", () => {
  withImage(
    (image) => {
      const extents: Extent[] = [];
      for (let logical = 0; logical < 6 * 2 ** 18; ) {
        const { start, length } = image.allocate(6 * 2 ** 18 - logical);
        extents.push({ logical, physical: start, length });
        logical += length;
      }
      const dense: RegularFile = { type: "file", metadata: metadata(), size: 6 * 2 ** 30, extents };
      image.finish(directory({ dense }));
      expectSilentCheck(image.path);
    },
    2 ** 24,
    "ext3",
  );
});
