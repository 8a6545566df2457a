/** What the options ask for: size, free space, inodes, journal, read-only. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ext4Options } from "../../../../src/filesystem/ext4/write/plan.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { expectError } from "../../../support/expect-error.ts";
import { run, runOk, testWith } from "../../../support/oracles.ts";
import {
  directory,
  directoryOf,
  emptyFile,
  fixed,
  type Image,
  MIB,
  OPTIONS,
  planExt4,
  withImage,
} from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

const GROUP = 32768;

function tree(image: Image, bytes = 50_000, files = 20) {
  const many = new Map<string, Inode>();
  for (let i = 0; i < files; i++) many.set(`${i}`, emptyFile());
  return directory({ file: image.file(Buffer.alloc(bytes, "x")), many: directoryOf(many) });
}

/** What dumpe2fs says after this name. */
function shown(image: Image, name: string): string {
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(runOk("dumpe2fs", ["-h", image.path]))?.[1] ?? "";
}

for (const [free, name] of [
  [0, "none"],
  [1, "one block"],
  [500 * MIB, "500 MiB"],
] as const) {
  testWith(["e2fsck"], `free space as asked for: ${name}, and less than a MiB more`, () => {
    withImage((image) => {
      const plan = image.finish(tree(image), { size: { kind: "auto", free } });
      expect(plan.freeBlocks).toBeGreaterThanOrEqual(free);
      // Up to the next whole MiB, or what contents left free below the first of them.
      expect(plan.freeBlocks).toBeLessThan(Math.max(free, image.geometry.descriptorBlocks) + MIB);
      expectSilentCheck(image.path);
    });
  });
}

testWith(["e2fsck", "loop mount"], "the smallest size holds everything, and a block less does not", () => {
  for (const [bytes, files] of [
    [0, 0],
    [4096 * 30_900, 3000],
    [4096 * 31_600, 100],
    [200_000_000, 40_000],
  ] as const) {
    withImage((image) => {
      const root = tree(image, bytes, files);
      const plan = image.finish(root, { size: { kind: "min" } });
      expect(plan.freeInodes).toBeLessThan(16 * plan.groups);
      expectSilentCheck(image.path);
      withMount(image.path, "rw", (mountPoint) => {
        expect(readdirSync(join(mountPoint, "many"))).toHaveLength(files);
      });
      const inodes = plan.inodes - plan.freeInodes;
      const at = (blocks: number) => () => image.finish(root, { size: fixed(blocks), inodes });
      expect(at(plan.blocks)().blocks).toBe(plan.blocks);
      expect(at(plan.blocks - 1)).toThrow("needs a filesystem of");
    });
  }
});

test("no size at all below the smallest one would do, whatever the number of groups", () => {
  withImage((image) => {
    // Contents end short of a group's end, and what a second group takes for itself does not fit the first.
    const root = tree(image, 4096 * 31_000, 30_000);
    const contents = { geometry: image.geometry, end: image.next, written: image.written };
    const options: Ext4Options = { ...OPTIONS, size: { kind: "min" }, journal: "off" };
    const { blocks, inodes, freeInodes } = planExt4(root, contents, options);
    expect(blocks).toBeGreaterThan(GROUP);
    const rule = { ...options, inodes: inodes - freeInodes };
    for (let size = blocks - 1; size > blocks - 5000; size -= 173) {
      expect(() => planExt4(root, contents, { ...rule, size: fixed(size) })).toThrow("needs");
    }
  });
});

testWith(["e2fsck", "dumpe2fs"], "inodes as asked for, rounded up to whole blocks in each group", () => {
  for (const [inodes, blocks] of [
    [100, 64 * MIB],
    [1_000_000, 31 * GROUP],
    [100_001, undefined],
  ] as const) {
    withImage((image) => {
      const size = blocks === undefined ? OPTIONS.size : fixed(blocks);
      const plan = image.finish(tree(image), { inodes, size });
      expect(plan.inodes).toBeGreaterThanOrEqual(inodes);
      expect(plan.inodes).toBeLessThan(inodes + 16 * plan.groups);
      expect(shown(image, "Inode count")).toBe(`${plan.inodes}`);
      expectSilentCheck(image.path);
    }, 64 * GROUP);
  }
});

test("too few inodes, too many for the size, and too many for ext4 are errors with a number", async () => {
  const finish = (options: Partial<Ext4Options>) => () =>
    withImage((image) => image.finish(tree(image), options));
  await expectError(finish({ inodes: 20 }), "E_SIZE_TOO_SMALL", "needs 33 inodes", "20 were asked for");
  await expectError(
    finish({ inodes: 40_000, size: fixed(GROUP) }),
    "E_SIZE_TOO_SMALL",
    "the image with 40000 inodes needs a filesystem of 135266304 bytes (129 MiB)",
  );
  await expectError(finish({ inodes: 2 ** 32 }), "E_FILESYSTEM_LIMIT", "4294967296 inodes", "fewer");
});

testWith(["e2fsck", "dumpe2fs", "loop mount"], "without a journal there is none, and it mounts", () => {
  withImage((image) => {
    const plan = image.finish(tree(image), { journal: "off" });
    expect(plan.journalBlocks).toBe(0);
    expect(shown(image, "Filesystem features")).not.toContain("has_journal");
    expectSilentCheck(image.path);
    withMount(image.path, "rw", (mountPoint) => writeFileSync(join(mountPoint, "new"), "new"));
    expectSilentCheck(image.path);
  });
});

testWith(["e2fsck", "dumpe2fs", "loop mount"], "a journal is as long as asked for", () => {
  for (const blocks of [1024, 5000, 40_000]) {
    withImage((image) => {
      image.finish(tree(image), { journal: { blocks } });
      expect(shown(image, "Total journal blocks")).toBe(`${blocks}`);
      expectSilentCheck(image.path);
      withMount(image.path, "rw", (mountPoint) => writeFileSync(join(mountPoint, "new"), "new"));
      expectSilentCheck(image.path);
    });
  }
});

testWith(["e2fsck", "loop mount"], "a journal lies in pieces where no gap holds all of it", () => {
  withImage((image) => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => {
        const file = image.file(`file ${i}`);
        image.next += 100;
        return [`${i}`, file];
      }),
    );
    const plan = image.finish(directory(files), { size: { kind: "min" } });
    expect(plan.placement.journal.extents.length).toBeGreaterThan(4);
    expect(plan.placement.journal.nodes).toHaveLength(1);
    expectSilentCheck(image.path);
    withMount(image.path, "rw", (mountPoint) => writeFileSync(join(mountPoint, "0"), "again"));
    expectSilentCheck(image.path);
  });
});

test("a journal that cannot be is an error that says what can", async () => {
  const finish =
    (blocks: number, readOnly = false) =>
    () =>
      withImage((image) => image.finish(directory(), { journal: { blocks }, readOnly }));
  await expectError(finish(1023), "E_USAGE", "a journal of 1023 blocks", "1024 to 10240000 blocks");
  await expectError(finish(10_240_001), "E_USAGE", "a journal of 10240001 blocks");
  await expectError(finish(1024.5), "E_USAGE", "a journal of 1024.5 blocks");
  await expectError(finish(1024, true), "E_USAGE", "read-only");
});

testWith(
  ["e2fsck", "dumpe2fs", "loop mount"],
  "read-only: the flag, no journal, nothing to spare, and the kernel writes nothing",
  () => {
    withImage((image) => {
      const plan = image.finish(tree(image, 3_000_000, 2000), { readOnly: true });
      expect(shown(image, "Filesystem features")).toContain("read-only");
      expect(plan.journalBlocks).toBe(0);
      expect(plan.freeInodes).toBeLessThan(16);
      expect(plan.freeBlocks).toBeLessThan(image.geometry.descriptorBlocks);
      expectSilentCheck(image.path);
      withMount(image.path, "rw", (mountPoint) => {
        const { status, stderr } = run("touch", [join(mountPoint, "new")]);
        expect(status).toBe(1);
        expect(stderr).toContain("Read-only file system");
      });
      expectSilentCheck(image.path);
    });
  },
);

test("read-only with a size or free space asked for keeps to that", () => {
  const blocksOf = (size: Ext4Options["size"]): number =>
    withImage((image) => image.finish(directory(), { readOnly: true, size }).blocks);
  expect(blocksOf(fixed(20 * MIB))).toBe(20 * MIB);
  expect(blocksOf({ kind: "auto", free: 30 * MIB })).toBe(31 * MIB);
  expect(blocksOf({ kind: "auto" })).toBeLessThan(MIB);
});

testWith(
  ["e2fsck", "loop mount"],
  "contents make room for metadata where every gap between them is too short",
  () => {
    withImage((image) => {
      // Every second block is free: no inode table and no journal fits anywhere below the end of the contents.
      const file = image.scattered(20_000);
      const plan = image.finish(directory({ file, other: image.file("y".repeat(5000)) }), {
        size: { kind: "auto", free: 1000 },
        inodes: 20_000,
      });
      expect(plan.blocks).toBeLessThan(30_000);
      expect(plan.placement.moves.length).toBeGreaterThan(0);
      expectSilentCheck(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        const contents = readFileSync(join(mountPoint, "file"));
        for (const block of [0, 1, 9999, 19_999])
          expect(contents.toString("latin1", block * 8192, block * 8192 + 30)).toStartWith(
            `block ${block} of`,
          );
      });
    });
  },
);
