/** ext3 and ext2: as mke2fs makes them, and what their block maps, groups and limits come to. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BLOCK_MAP_FILE_BLOCKS } from "../../../../src/filesystem/ext4/write/block-map.ts";
import type { Ext4Options } from "../../../../src/filesystem/ext4/write/plan.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { expectError } from "../../../support/expect-error.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { churn, churnable } from "./churning.ts";
import { everything, expectSame } from "./everything.ts";
import {
  directory,
  directoryOf,
  emptyFile,
  fixed,
  MIB,
  metadata,
  OPTIONS,
  planExt4,
  withImage,
} from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

const GROUP = 32768;
const BOTH = ["ext3", "ext2"] as const;
const ORACLES = ["e2fsck", "loop mount"] as const;

function features(path: string): string {
  return /^Filesystem features:\s+(.*)$/m.exec(runOk("dumpe2fs", ["-h", path]))?.[1] ?? "";
}

for (const format of BOTH) {
  testWith([...ORACLES, "dumpe2fs", "mke2fs"], `${format} has mke2fs's features but for resize_inode`, () => {
    withImage(
      (image) => {
        image.finish(directory({ file: image.file("x") }));
        const ours = features(image.path);
        runOk("mke2fs", ["-q", "-F", "-t", format, "-O", "^resize_inode", image.path]);
        expect(ours).toBe(features(image.path));
      },
      undefined,
      format,
    );
  });

  testWith(ORACLES, `the kernel shows every kind of inode of ${format} as it was in the tree`, () => {
    withImage(
      (image) => {
        const root = everything(image);
        image.finish(root, { lostAndFound: false });
        expectSilentCheck(image.path);
        withMount(image.path, "ro", (mountPoint) => expectSame(Buffer.from(mountPoint), root), format);
      },
      undefined,
      format,
    );
  });

  testWith(ORACLES, `${format} is clean after thousands of changes by the kernel`, () => {
    withImage(
      (image) => {
        image.finish(churnable(image));
        withMount(image.path, "rw", churn, format);
        expectSilentCheck(image.path);
        withMount(
          image.path,
          "ro",
          (mountPoint) => {
            expect(readdirSync(join(mountPoint, "many"))).toHaveLength(4000);
            expect(readdirSync(join(mountPoint, "new"))).toHaveLength(1500);
          },
          format,
        );
      },
      undefined,
      format,
    );
  });

  for (const [name, blocks] of [
    ["64 MiB", 64 * MIB],
    ["one group", GROUP],
    ["two groups but for a block", 2 * GROUP - 1],
    ["three groups, the last of 2,100 blocks", 2 * GROUP + 2100],
    ["130 groups", 129 * GROUP + 4000],
  ] as const) {
    testWith(ORACLES, `${format} of ${name}: clean as made and after the kernel had it mounted`, () => {
      withImage(
        (image) => {
          const plan = image.finish(directory({ file: image.file("x".repeat(99_999)) }), {
            size: fixed(blocks),
          });
          expect(plan.blocks).toBe(blocks);
          expectSilentCheck(image.path);
          withMount(
            image.path,
            "rw",
            (mountPoint) => runOk("cp", [join(mountPoint, "file"), join(mountPoint, "copy")]),
            format,
          );
          expectSilentCheck(image.path);
        },
        200 * GROUP,
        format,
      );
    });
  }
}

testWith(ORACLES, "contents over several groups leave each room for its bitmaps and inode table", () => {
  withImage(
    (image) => {
      const big = image.file(Buffer.alloc(300_000_000, "x"));
      const plan = image.finish(directory({ big, more: image.file("after it") }));
      expect(plan.groups).toBe(4);
      expectSilentCheck(image.path);
      withMount(
        image.path,
        "ro",
        (mountPoint) => {
          expect(readFileSync(join(mountPoint, "big")).equals(Buffer.alloc(300_000_000, "x"))).toBe(true);
          expect(readFileSync(join(mountPoint, "more"), "latin1")).toBe("after it");
        },
        "ext3",
      );
    },
    undefined,
    "ext3",
  );
});

testWith(ORACLES, "a tree of more inodes than its groups hold gets more groups", () => {
  withImage(
    (image) => {
      const files = new Map<string, Inode>();
      for (let i = 0; i < 40_000; i++)
        files.set(`a-file-with-a-long-name-${i}`.padEnd(200, "."), emptyFile());
      const plan = image.finish(directory({ d: directoryOf(files) }), { size: { kind: "min" } });
      expect(plan.groups).toBe(3);
      // More leaves than the root of an index names.
      expect(
        [...plan.namespace.inodes].find(({ name }) => name === "d")?.directory?.index?.nodes,
      ).toBeGreaterThan(1);
      expectSilentCheck(image.path);
      withMount(
        image.path,
        "rw",
        (mountPoint) => {
          expect(readdirSync(join(mountPoint, "d"))).toHaveLength(40_000);
          expect(
            readFileSync(join(mountPoint, "d", "a-file-with-a-long-name-7".padEnd(200, "."))),
          ).toHaveLength(0);
        },
        "ext2",
      );
    },
    undefined,
    "ext2",
  );
});

testWith(ORACLES, "the smallest ext2 holds everything, and a block less does not", () => {
  for (const bytes of [0, 4096 * 30_700, 250_000_000]) {
    withImage(
      (image) => {
        const root = directory({ file: image.file(Buffer.alloc(bytes, "x")), sub: directory() });
        const { blocks, inodes, freeInodes } = image.finish(root, { size: { kind: "min" } });
        expectSilentCheck(image.path);
        const at = (size: number) => () =>
          image.finish(root, { size: fixed(size), inodes: inodes - freeInodes });
        expect(at(blocks)().blocks).toBe(blocks);
        expect(at(blocks - 1)).toThrow("needs a filesystem of");
      },
      undefined,
      "ext2",
    );
  }
});

function limits(root: Inode, changes: Partial<Ext4Options> = {}) {
  return () =>
    withImage(
      (image) =>
        planExt4(
          directory({ d: root }),
          {
            geometry: image.geometry,
            end: 0,
            written: [],
          },
          { ...OPTIONS, ...changes },
        ),
      undefined,
      "ext3",
    );
}

test("a file has at most 32,000 names, a directory 31,998 subdirectories", async () => {
  const file = emptyFile();
  const names = (count: number, make: (i: number) => Inode) =>
    directoryOf(new Map(Array.from({ length: count }, (_, i) => [`${i}`, make(i)])));
  await expectError(
    limits(names(32_001, () => file)),
    "E_FILESYSTEM_LIMIT",
    "/d/0: 32001 hard links; ext3 holds 32000",
  );
  limits(names(32_000, () => file))();
  await expectError(
    limits(names(31_999, () => directory())),
    "E_FILESYSTEM_LIMIT",
    "/d: 31999 subdirectories; ext3 holds 31998",
    "ext4",
  );
  limits(names(31_998, () => directory()))();
});

test("a file is 4 GiB short of 2 TiB at most", async () => {
  const file = (size: number): Inode => ({ type: "file", metadata: metadata(), size, extents: [] });
  await expectError(
    limits(file(BLOCK_MAP_FILE_BLOCKS * 4096 + 1)),
    "E_FILESYSTEM_LIMIT",
    "/d: a file of 2194719883265 bytes; ext3 holds 2194719883264",
  );
  limits(file(BLOCK_MAP_FILE_BLOCKS * 4096))();
});

test("ext3 is not without a journal, ext2 not with one", async () => {
  await expectError(limits(emptyFile(), { journal: "off" }), "E_USAGE", "ext3 always has a journal", "ext2");
  await expectError(limits(emptyFile(), { readOnly: true }), "E_USAGE", "ext3 always has a journal");
  const ext2 = () =>
    withImage((image) => image.finish(directory(), { journal: { blocks: 2000 } }), undefined, "ext2");
  await expectError(ext2, "E_USAGE", "ext2 has no journal", "ext3");
});

testWith(ORACLES, "the journal of a large ext3 is in pieces, as no group has room for it", () => {
  withImage(
    (image) => {
      const plan = image.finish(directory(), { size: fixed(160 * GROUP) });
      expect(plan.journalBlocks).toBe(32768);
      expectSilentCheck(image.path);
      withMount(image.path, "rw", (mountPoint) => runOk("touch", [join(mountPoint, "new")]), "ext3");
      expectSilentCheck(image.path);
    },
    160 * GROUP,
    "ext3",
  );
});
