import { describe, expect } from "bun:test";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { BLOCK_SIZE } from "../../../../src/blocks/blocks.ts";
import { decode, viewOf } from "../../../../src/blocks/field.ts";
import { SUPERBLOCK, SUPERBLOCK_OFFSET } from "../../../../src/filesystem/erofs/format/superblock.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { expectCleanFilesystem, type Oracle, testWith } from "../../../support/oracles.ts";
import {
  device,
  directory,
  directoryOf,
  emptyFile,
  special,
  symlink,
  xattr,
} from "../../ext4/write/images.ts";
import { holding } from "../../ext4/write/random-trees.ts";
import { withErofs, withErofsMount } from "./images.ts";
import { expectShown, fileOf } from "./shown.ts";

const ORACLES: readonly Oracle[] = ["fsck.erofs", "loop mount", "getfattr"];
const INODE = 64;
const TIB = 2 ** 40;

function incompat(path: string): number {
  const head = readFileSync(path).subarray(0, BLOCK_SIZE);
  return decode(SUPERBLOCK, viewOf(head), SUPERBLOCK_OFFSET).feature_incompat;
}

describe("contents are as they were", () => {
  testWith(ORACLES, "of files of every length around a block and around what an inode leaves of one", () => {
    const sizes = [
      0,
      1,
      31,
      32,
      33,
      2000,
      BLOCK_SIZE - INODE - 1,
      BLOCK_SIZE - INODE,
      BLOCK_SIZE - INODE + 1,
    ];
    const around = [BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE];
    const longer = [...sizes, ...around].map((size) => size + 5 * BLOCK_SIZE);
    withErofs((image) => {
      const files = [...sizes, ...around, ...longer].map((size): [string, Inode] => [
        `${size}`,
        fileOf(image, size),
      ]);
      expectShown(image, directoryOf(new Map(files)));
      expect(incompat(image.path)).toBe(0);
    });
  });

  testWith(ORACLES, "of 3,000 files, more than there are blocks open, some twice as long as an arena", () => {
    withErofs((image) => {
      const sizes = Array.from({ length: 3000 }, (_, n) => (n * n * 37) % 9000);
      const files = [...sizes, 9_000_000, 300_000].map((size, n): [string, Inode] => [
        `${n}`,
        fileOf(image, size),
      ]);
      expectShown(image, directoryOf(new Map(files)));
    });
  });

  testWith(ORACLES, "of zeros, which take no room of the disk", () => {
    withErofs((image) => {
      const zeros = Buffer.alloc(20 << 20);
      const ends = Buffer.alloc(20 << 20);
      ends.write("begin");
      ends.write("middle", 10_000_000);
      ends.write("end", ends.length - 3);
      const files = { zeros, ends, short: Buffer.alloc(100), tail: Buffer.alloc(2 * BLOCK_SIZE + 100) };
      const held = Object.entries(files).map(([name, bytes]): [string, Inode] => [
        name,
        holding(image.file(bytes), bytes),
      ]);
      expectShown(image, directoryOf(new Map([...held, ["last", fileOf(image, 9000)]])));
      expect(statSync(image.path).size).toBeGreaterThan(40 << 20);
      expect(statSync(image.path).blocks * 512).toBeLessThan(1 << 20);
      expect(incompat(image.path)).toBe(0);
    });
  });

  testWith(ORACLES, "of everything that is not a file, at times before 1970 and after 2106", () => {
    withErofs((image) => {
      const times = [-(2 ** 40), -1, 0, 2 ** 32, 2 ** 34, 2 ** 45].map((seconds): [string, Inode] => [
        `at ${seconds}`,
        fileOf(image, 10, { mtime: { seconds, nanoseconds: 999_999_999 } }),
      ]);
      const others = {
        null: device("char", 1, 3),
        huge: device("char", 4095, 1_048_575),
        disk: device("block", 259, 300),
        fifo: special("fifo"),
        socket: special("socket"),
        short: symlink("t"),
        long: symlink("t".repeat(4095)),
        edge: symlink("t".repeat(BLOCK_SIZE - INODE)),
        past: symlink("t".repeat(BLOCK_SIZE - INODE + 1)),
        old: directory({}, { mtime: { seconds: -5, nanoseconds: 1 } }),
      };
      expectShown(image, directoryOf(new Map([...times, ...Object.entries(others)])));
    });
  });

  testWith(ORACLES, "where an inode says everything in 32 bytes, and where not", () => {
    withErofs((image) => {
      const time = { seconds: 86_400, nanoseconds: 7 };
      const at = (mtime: typeof time, uid = 1, gid = 2): Inode => ({ ...emptyFile({ mtime, uid, gid }) });
      const entries = {
        same: at(time),
        later: at({ ...time, nanoseconds: 8 }),
        user: at(time, 65_536),
        group: at(time, 0, 2 ** 32 - 2),
        directory: directory({ a: fileOf(image, 5000) }, { mtime: time }),
      };
      expectShown(image, directory(entries, { mtime: time }), { time });
      const other = withErofs((second) => {
        second.finish(directory({ same: at(time) }), { time });
        return second.finish(directory({ same: at(time) }), { time }).blocks;
      });
      expect(other).toBe(1);
    });
  });
});

describe("holes", () => {
  const data = Buffer.alloc(5000, "data");

  testWith(ORACLES, "of up to 1 MiB are room that nothing was written to", () => {
    withErofs((image) => {
      const bytes = Buffer.alloc(1_000_000);
      data.copy(bytes, 700_000);
      const sparse = image.sparse(bytes.length, [{ offset: 700_000, bytes: data }]);
      const none = image.sparse(300_000, []);
      const small = image.sparse(100, []);
      const root = directory({
        sparse: holding(sparse, bytes),
        none: holding(none, Buffer.alloc(300_000)),
        small: holding(small, Buffer.alloc(100)),
      });
      expectShown(image, root);
      expect(incompat(image.path)).toBe(0);
    });
  });

  testWith(ORACLES, "of more are left out, in chunks", () => {
    withErofs((image) => {
      const bytes = Buffer.alloc(50_000_000);
      const parts = [0, 8_000_000, 8_100_000, 40_000_123].map((offset) => ({ offset, bytes: data }));
      for (const { offset } of parts) data.copy(bytes, offset);
      const end = { offset: 49_999_000, bytes: Buffer.alloc(1000, "end") };
      end.bytes.copy(bytes, end.offset);
      const root = directory({
        sparse: holding(image.sparse(bytes.length, [...parts, end]), bytes),
        none: holding(image.sparse(7_000_000, []), Buffer.alloc(7_000_000)),
        attributed: holding(
          image.sparse(7_000_001, [{ offset: 7_000_000, bytes: Buffer.from("x") }], {
            xattrs: [xattr("user.a", "b".repeat(5001))],
          }),
          Buffer.concat([Buffer.alloc(7_000_000), Buffer.from("x")]),
        ),
      });
      expectShown(image, root);
      expect(incompat(image.path)).toBe(4);
      expect(statSync(image.path).size).toBeLessThan(1 << 20);
    });
  });

  testWith(["fsck.erofs", "loop mount"], "of 10 TiB take neither room nor a large map", () => {
    withErofs((image) => {
      const place = { offset: 7 * TIB + 12_345, bytes: data };
      const at = [{ offset: 0, bytes: data }, place, { offset: 10 * TIB - 5000, bytes: data }];
      image.finish(directory({ huge: image.sparse(10 * TIB, at), after: image.file("after") }));
      expect(statSync(image.path).blocks * 512).toBeLessThan(1 << 20);
      withErofsMount(image.path, (folder) => {
        expect(statSync(`${folder}/huge`).size).toBe(10 * TIB);
        const fd = openSync(`${folder}/huge`, "r");
        for (const { offset } of at) {
          const read = Buffer.alloc(5000);
          expect(readSync(fd, read, 0, 5000, offset)).toBe(5000);
          expect(read.equals(data)).toBe(true);
        }
        const between = Buffer.alloc(1 << 20, 1);
        readSync(fd, between, 0, between.length, 3 * TIB);
        expect(between.equals(Buffer.alloc(1 << 20))).toBe(true);
        closeSync(fd);
        expect(readFileSync(`${folder}/after`, "latin1")).toBe("after");
      });
    });
  });

  testWith(["fsck.erofs", "loop mount"], "make a file of more than 4 GiB", () => {
    withErofs((image) => {
      const size = 5 * 2 ** 30 + 17;
      const end = { offset: size - 5000, bytes: data };
      image.finish(directory({ huge: image.sparse(size, [{ offset: 2 ** 32 - 100, bytes: data }, end]) }));
      expectCleanFilesystem(image.path);
      withErofsMount(image.path, (folder) => {
        const fd = openSync(`${folder}/huge`, "r");
        for (const offset of [2 ** 32 - 100, size - 5000]) {
          const read = Buffer.alloc(5000);
          readSync(fd, read, 0, 5000, offset);
          expect(read.equals(data)).toBe(true);
        }
        closeSync(fd);
        expect(statSync(`${folder}/huge`).size).toBe(size);
      });
    });
  });
});

testWith(
  ["fsck.erofs"],
  "fsck.erofs finds nothing wherever the last inode ends, the image's end included",
  () => {
    for (let inodes = 200; inodes <= 240; inodes++) {
      withErofs((image) => {
        const names = Array.from({ length: inodes }, (_, n): [string, Inode] => [`${n}`, special("fifo")]);
        image.finish(directoryOf(new Map(names)));
        expectCleanFilesystem(image.path);
      });
    }
  },
);
