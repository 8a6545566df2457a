/** Files and filesystems past what 32 bits hold. */
import { expect } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NumberField, viewOf } from "../../src/blocks/field.ts";
import { GROUP_DESCRIPTOR } from "../../src/filesystem/ext4/format/group-descriptor.ts";
import { SUPERBLOCK } from "../../src/filesystem/ext4/format/superblock.ts";
import type { Extent, RegularFile } from "../../src/tree/inode.ts";
import { directory, fixed, type Image, metadata, withImage } from "../filesystem/ext4/write/images.ts";
import { expectSilentCheck, withMount } from "../filesystem/ext4/write/mounting.ts";
import { expectCleanFilesystem, runOk, testWith } from "../support/oracles.ts";

const TIB = 2 ** 28;
const ORACLES = ["e2fsck", "loop mount", "debugfs"] as const;

/** A file of extents of one block, every second block of the image; what they hold was never written: zeros. */
function manyExtents(image: Image, count: number): RegularFile {
  const extents: Extent[] = [];
  for (let i = 0; i < count; i++) {
    extents.push({ logical: i, physical: image.allocate(1).start, length: 1 });
    image.next++;
  }
  return { type: "file", metadata: metadata(), size: count * 4096, extents };
}

function depthOf(image: Image, path: string): string | undefined {
  const said = runOk("debugfs", ["-R", `dump_extents -n ${path}`, image.path]);
  return /^ *\d+\/ *(\d+) /m.exec(said)?.[1];
}

testWith(
  ORACLES,
  "a dense file of 200 GiB, in more than 1,360 extents of 128 MiB, has a tree of depth 2",
  () => {
    withImage((image) => {
      const extents: Extent[] = [];
      for (let logical = 0; logical < 200 * 2 ** 18; ) {
        const run = image.allocate(200 * 2 ** 18 - logical);
        extents.push({ logical, physical: run.start, length: run.length });
        logical += run.length;
      }
      const dense: RegularFile = { type: "file", metadata: metadata(), size: 200 * 2 ** 30, extents };
      image.finish(directory({ dense, after: image.file("after it") }));
      expect(depthOf(image, "/dense")).toBe("2");
      expectSilentCheck(image.path);
      withMount(image.path, "rw", (mountPoint) => {
        expect(readFileSync(join(mountPoint, "after"), "latin1")).toBe("after it");
        runOk("truncate", ["-s", "100G", join(mountPoint, "dense")]);
      });
      expectCleanFilesystem(image.path);
    }, TIB);
  },
);

testWith(ORACLES, "a file of 470,000 extents has a tree of depth 3, and the kernel can take it apart", () => {
  withImage((image) => {
    const last = image.allocate(1).start;
    image.next++;
    image.write(last, Buffer.from("the end"));
    const file = manyExtents(image, 470_000);
    const extents = [...file.extents, { logical: 470_000, physical: last, length: 1 }];
    image.finish(directory({ file: { ...file, size: 470_001 * 4096, extents } }));
    expect(depthOf(image, "/file")).toBe("3");
    expectSilentCheck(image.path);
    withMount(image.path, "rw", (mountPoint) => {
      const end = runOk("tail", ["-c", "4096", join(mountPoint, "file")]);
      expect(end.replace(/\0+$/, "")).toBe("the end");
      runOk("truncate", ["-s", "1G", join(mountPoint, "file")]);
    });
    // What the kernel leaves of the tree could be shorter, as e2fsck remarks.
    expectCleanFilesystem(image.path);
  }, 2 ** 24);
});

testWith(ORACLES, "a file of 10 TiB is holes and a few blocks of data", () => {
  withImage((image) => {
    const places = [0, 2 ** 31 / 4096, 2 ** 32 / 4096, 2 ** 21 + 1, TIB, 2 ** 31, 10 * TIB - 1];
    const extents = places.map((logical) => {
      const { start } = image.allocate(1);
      image.write(start, Buffer.from(`block ${logical}`));
      return { logical, physical: start, length: 1 };
    });
    const holes: RegularFile = { type: "file", metadata: metadata(), size: 10 * 2 ** 40, extents };
    image.finish(directory({ holes }));
    expectSilentCheck(image.path);
    withMount(image.path, "ro", (mountPoint) => {
      const file = openSync(join(mountPoint, "holes"), "r");
      const read = (logical: number): string => {
        const text = Buffer.alloc(20);
        readSync(file, text, 0, 20, logical * 4096);
        return text.toString("latin1").replace(/\0+$/, "");
      };
      const found = places.map(read);
      const beside = places.slice(0, -1).map((logical) => read(logical + 1));
      closeSync(file);
      expect(found).toEqual(places.map((logical) => `block ${logical}`));
      expect(beside).toEqual(beside.map(() => ""));
    });
  });
});

/** Runs `body` with a folder that takes files of more than 16 TiB, which ext4 itself does not. */
function withTmpfs(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "tmpfs-"));
  runOk("mount", ["-t", "tmpfs", "-o", "size=2g", "none", folder]);
  try {
    body(folder);
  } finally {
    runOk("umount", [folder]);
    rmdirSync(folder);
  }
}

interface Halves {
  readonly lo: NumberField;
  readonly hi: NumberField;
}

/** Reads both halves of a field from the image. */
function readHalves(image: Image, position: number, { lo, hi }: Halves): { lo: number; hi: number } {
  const bytes = Buffer.alloc(1024);
  const file = openSync(image.path, "r");
  readSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
  return { lo: lo.get(viewOf(bytes), 0), hi: hi.get(viewOf(bytes), 0) };
}

testWith(ORACLES, "past 16 TiB, block numbers fill both halves of their fields", () => {
  withTmpfs((folder) => {
    const blocks = 17 * TIB;
    withImage(
      (image) => {
        const low = image.file("below 16 TiB");
        image.next = 2 ** 32 + 5000;
        const high = image.file("above 16 TiB ".repeat(1000), { xattrs: [] });
        const scattered = image.scattered(2000);
        const plan = image.finish(directory({ low, high, scattered }), { size: fixed(blocks) });
        expect(plan.blocks).toBe(blocks);
        expectSilentCheck(image.path);
        const counted = { lo: SUPERBLOCK.s_blocks_count_lo, hi: SUPERBLOCK.s_blocks_count_hi };
        expect(readHalves(image, 1024, counted)).toEqual({ lo: TIB, hi: 1 });
        // The last descriptor: its tables lie past 16 TiB.
        const tables = { lo: GROUP_DESCRIPTOR.bg_inode_table_lo, hi: GROUP_DESCRIPTOR.bg_inode_table_hi };
        expect(readHalves(image, 4096 + (plan.groups - 1) * 64, tables).hi).toBe(1);
        withMount(image.path, "rw", (mountPoint) => {
          expect(readFileSync(join(mountPoint, "low"), "latin1")).toBe("below 16 TiB");
          expect(readFileSync(join(mountPoint, "high"), "latin1")).toBe("above 16 TiB ".repeat(1000));
          expect(
            readFileSync(join(mountPoint, "scattered"))
              .toString("latin1", 1999 * 8192)
              .slice(0, 10),
          ).toBe("block 1999");
          writeFileSync(join(mountPoint, "high"), "again");
        });
        expectSilentCheck(image.path);
      },
      blocks,
      "ext4",
      folder,
    );
  });
});

testWith(ORACLES, "an ext3 of nearly 16 TiB uses all of 32 bits", () => {
  withTmpfs((folder) => {
    const blocks = 2 ** 32 - 1;
    withImage(
      (image) => {
        image.next = 2 ** 32 - 20_000;
        const high = image.file("near the end ".repeat(1000));
        image.finish(directory({ high }), { size: fixed(blocks), inodes: 200_000 });
        expectSilentCheck(image.path);
        withMount(
          image.path,
          "rw",
          (mountPoint) => {
            expect(readFileSync(join(mountPoint, "high"), "latin1")).toBe("near the end ".repeat(1000));
          },
          "ext3",
        );
      },
      blocks,
      "ext3",
      folder,
    );
  });
});
