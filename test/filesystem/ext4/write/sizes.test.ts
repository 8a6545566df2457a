import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { Docker2vmError } from "../../../../src/errors.ts";
import { EXT4_BG_BLOCK_UNINIT } from "../../../../src/filesystem/ext4/format/group-descriptor.ts";
import { emitExt4 } from "../../../../src/filesystem/ext4/write/emit.ts";
import { geometryFor } from "../../../../src/filesystem/ext4/write/geometry.ts";
import type { Contents, Ext4Plan } from "../../../../src/filesystem/ext4/write/plan.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
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

function smallTree(image: Image) {
  return directory({ file: image.file("x".repeat(50_000)), sub: directory({ empty: emptyFile() }) });
}

function tooSmall(attempt: () => unknown): Docker2vmError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof Docker2vmError && error.code === "E_SIZE_TOO_SMALL") return error;
    throw error;
  }
  throw new Error("the size was enough");
}

/** Plans an empty tree at that size without an image; nothing is written. */
function planAt(blocks: number, maximum = 2 ** 35): Ext4Plan {
  const contents: Contents = { geometry: geometryFor(maximum), end: 0, written: [] };
  return planExt4(directory({ file: emptyFile() }), contents, { ...OPTIONS, size: fixed(blocks) });
}

testWith(
  ["e2fsck"],
  "a size that is chosen is whole MiB with a quarter of what is used free, at least 64 MiB",
  () => {
    for (const bytes of [0, 1_000_000, 400_000_000]) {
      withImage((image) => {
        const plan = image.finish(directory({ file: image.file(Buffer.alloc(bytes, 1)) }));
        const used = plan.blocks - plan.freeBlocks;
        const least = Math.max(64 * MIB, used / 4);
        expect(plan.blocks % MIB).toBe(0);
        expect(plan.freeBlocks).toBeGreaterThanOrEqual(least);
        expect(plan.freeBlocks).toBeLessThan(least + 2 * MIB);
        expectSilentCheck(image.path);
      });
    }
  },
);

const SIZES = [
  ["64 MiB", 64 * MIB],
  ["one block more", 64 * MIB + 1],
  ["one group", GROUP],
  ["two groups, the second only its superblock and descriptors", GROUP + 2],
  ["two groups but for a block", 2 * GROUP - 1],
  ["a third group of one block", 2 * GROUP + 1],
  ["a fourth group of five blocks", 3 * GROUP + 5],
  ["17 groups: a flex group and one", 17 * GROUP],
  ["17 groups, the last of 100 blocks", 16 * GROUP + 100],
  ["64 groups", 64 * GROUP],
  ["65 groups: a second block of descriptors", 64 * GROUP + 1000],
  ["82 groups, the last with its superblock and one block", 81 * GROUP + 4],
  ["130 groups", 129 * GROUP + 77],
] as const;

for (const [name, blocks] of SIZES) {
  testWith(["e2fsck", "loop mount"], `${name}: clean as made and after the kernel had it mounted`, () => {
    withImage((image) => {
      const plan = image.finish(smallTree(image), { size: fixed(blocks) });
      expect(plan.blocks).toBe(blocks);
      expectSilentCheck(image.path);
      withMount(image.path, "rw", (mountPoint) => {
        runOk("cp", ["-r", `${mountPoint}/file`, `${mountPoint}/copy`]);
      });
      expectSilentCheck(image.path);
    }, 1024 * GROUP);
  });
}

testWith(["e2fsck", "loop mount"], "the kernel makes up the bitmaps that are not on disk", () => {
  withImage((image) => {
    const plan = image.finish(smallTree(image), { size: fixed(100 * GROUP) });
    const unwritten = plan.statistics.flags.filter((flags) => (flags & EXT4_BG_BLOCK_UNINIT) !== 0);
    expect(unwritten.length).toBeGreaterThan(80);
    withMount(image.path, "rw", (mountPoint) => {
      runOk("fallocate", ["-l", "11G", `${mountPoint}/over-nearly-all-groups`]);
      for (let i = 0; i < 40; i++) runOk("mkdir", [`${mountPoint}/directory-${i}`]);
    });
    expectSilentCheck(image.path);
  }, 100 * GROUP);
});

testWith(["e2fsck"], "a last group too short for its superblock is left out", () => {
  withImage((image) => {
    const plan = image.finish(smallTree(image), { size: fixed(3 * GROUP + 1) });
    expect(plan.blocks).toBe(3 * GROUP);
    expectSilentCheck(image.path);
  });
});

testWith(["e2fsck"], "the minimum that an error names works, and 1 MiB less does not", () => {
  for (const bytes of [100, 30_000_000, 200_000_000]) {
    withImage((image) => {
      const root = directory({ file: image.file(Buffer.alloc(bytes, 7)), many: image.scattered(300) });
      const error = tooSmall(() => image.finish(root, { size: fixed(10) }));
      const [, needed, mebibytes] = /of (\d+) bytes \((\d+) MiB\); 40960 bytes/.exec(error.message) ?? [];
      expect(Number(needed)).toBe(Number(mebibytes) * 2 ** 20);
      expect(error.hint).toContain(`${mebibytes} MiB`);
      const least = Number(mebibytes) * MIB;
      tooSmall(() => image.finish(root, { size: fixed(least - MIB) }));
      expect(image.finish(root, { size: fixed(least) }).blocks).toBe(least);
      expectSilentCheck(image.path);
    });
  }
});

test("a need beyond what the geometry allows is an error with a size, too", () => {
  withImage((image) => {
    const files = new Map<string, Inode>();
    for (let i = 0; i < 2_200_000 / 20; i++) files.set(`${i}`, emptyFile());
    const error = tooSmall(() => image.finish(directoryOf(files), { size: fixed(100) }));
    expect(error.message).toContain("MiB");
  }, 100);
});

test("the journal follows mke2fs's tiers, and is an extent tree where it has more than four extents", () => {
  const lengths = [GROUP - 1, GROUP, 2 ** 18, 2 ** 19, 2 ** 22, 2 ** 23, 2 ** 24, 2 ** 25].map((blocks) => {
    return planAt(blocks).placement.layout.journalBlocks;
  });
  expect(lengths).toEqual([1024, 4096, 8192, 16384, 32768, 65536, 131072, 262144]);
  const { journal } = planAt(2 ** 25).placement;
  expect(journal.extents).toHaveLength(8);
  expect(journal.nodes).toHaveLength(1);
});

test("inodes are mke2fs's number or a tenth more than the tree has, whole blocks of them in each group", () => {
  expect(planAt(64 * MIB).inodes).toBe(16384);
  expect(planAt(2 ** 20).inodes).toBe(2 ** 18);
  withImage((image) => {
    const files = new Map<string, Inode>();
    for (let i = 0; i < 100_000; i++) files.set(`${i}`, emptyFile());
    const plan = image.finish(directoryOf(files));
    expect(plan.inodes).toBeGreaterThanOrEqual(110_000);
    expect(plan.freeInodes).toBe(plan.inodes - 100_000 - 11);
    expect(plan.placement.layout.inodesPerGroup % 16).toBe(0);
  });
});

test("64 TiB of nearly nothing: only descriptors grow with the size", () => {
  const plan = planAt(2 ** 34);
  let pieces = 0;
  let others = 0;
  for (const { position, bytes } of emitExt4(plan)) {
    pieces++;
    const group = Math.floor(position / 4096 / GROUP);
    const inReserved = position / 4096 - group * GROUP < 1 + plan.placement.layout.descriptorBlocks;
    if (!inReserved) others += bytes.length;
  }
  expect(pieces).toBeLessThan(40_000);
  // The first group of each of 32,768 flex groups has a bitmap of blocks; there is little else.
  expect(others).toBeLessThan(2 ** 28);
});

testWith(["e2fsck"], "an image of 5 TiB takes little of the disk", () => {
  withImage(
    (image) => {
      image.finish(smallTree(image), { size: fixed(5 * 2 ** 28) });
      expect(statSync(image.path).size).toBe(5 * 2 ** 40);
      expect(statSync(image.path).blocks * 512).toBeLessThan(100 * 2 ** 20);
      expectSilentCheck(image.path);
    },
    5 * 2 ** 28,
  );
});
