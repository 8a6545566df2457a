/** XFS at its larger sizes, and more random trees than the ordinary suite has time for. */
import { expect } from "bun:test";
import { readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Inode } from "../../src/tree/inode.ts";
import { directory, directoryOf, emptyFile, fixed, MIB } from "../filesystem/ext4/write/images.ts";
import { holding, scatteredContents } from "../filesystem/xfs/write/expected-view.ts";
import { withImage } from "../filesystem/xfs/write/images.ts";
import {
  expectAsItIs,
  expectNothingToRepair,
  expectSilentRepair,
  withMount,
} from "../filesystem/xfs/write/mounting.ts";
import { checkRandomTrees } from "../filesystem/xfs/write/random-trees.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";

testWith(
  ["xfs_repair", "xfs_db", "loop mount", "getfattr"],
  "of random trees xfs_repair finds nothing, the kernel shows what was in them, and the bytes are the same again",
  () => checkRandomTrees(randomCases("random trees in XFS", { some: 80, all: 300 })),
);

for (const [count, leaves, freeBlocks] of [
  [200_000, [1], 2],
  [1_000_000, [5, 1], 6],
] as const) {
  testWith(["xfs_repair", "loop mount"], `a directory of ${count} names, and one more`, () => {
    withImage((image) => {
      const file = emptyFile();
      const names = Array.from({ length: count }, (_, i): [string, Inode] => [
        `a name of some length, ${i}`,
        i % 2 === 0 ? emptyFile() : file,
      ]);
      const plan = image.finish(directory({ many: directoryOf(new Map(names)) }));
      expect(plan.namespace.at(1)?.directory?.blocks?.index).toMatchObject({
        leaves: { levels: leaves },
        freeBlocks,
      });
      expectNothingToRepair(image.path);
      withMount(image.path, "rw", (mountPoint) => {
        const many = join(mountPoint, "many");
        expect(readdirSync(many)).toHaveLength(count);
        for (let i = 0; i < count; i += 997) statSync(join(many, `a name of some length, ${i}`));
        for (let i = 0; i < 1000; i++) writeFileSync(join(many, `one more, ${i}`), "");
      });
      expectNothingToRepair(image.path);
    });
  });
}

testWith(["xfs_repair", "xfs_db", "loop mount", "getfattr"], "a file of 10,000 extents", () => {
  withImage((image) => {
    const root = directory({ file: holding(image.scattered(10_000), scatteredContents(10_000)) });
    image.finish(root);
    expectAsItIs(image.path, root);
  });
});

testWith(
  ["xfs_repair", "xfs_db", "loop mount"],
  "many files in many folders, whose inodes are in several groups",
  () => {
    withImage((image) => {
      const folders = Array.from({ length: 500 }, (_, i): [string, Inode] => [
        `${i}`,
        directoryOf(
          new Map(Array.from({ length: 600 }, (_, n): [string, Inode] => [`file ${n}`, emptyFile()])),
        ),
      ]);
      const { placement } = image.finish(directoryOf(new Map(folders)), { size: { kind: "min" } });
      const groups = placement.groups.filter(({ chunks }) => chunks.length > 252);
      expect(groups.length).toBeGreaterThan(1);
      expectSilentRepair(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        for (let i = 0; i < 500; i++) expect(readdirSync(join(mountPoint, `${i}`))).toHaveLength(600);
      });
    });
  },
);

for (const [from, to] of [
  [64 * MIB, 20],
  [512 * MIB, 20],
] as const) {
  testWith(["xfs_growfs", "xfs_repair", "xfs_db", "loop mount"], `${from} blocks grow to ${to} GiB`, () => {
    withImage((image) => {
      image.finish(directory({ file: image.file("x".repeat(20_000_000)) }), { size: fixed(from) });
      truncateSync(image.path, to * 2 ** 30);
      withMount(image.path, "rw", (mountPoint) => {
        runOk("xfs_growfs", [mountPoint]);
        runOk("cp", [join(mountPoint, "file"), join(mountPoint, "copy")]);
      });
      expectSilentRepair(image.path);
    });
  });
}
