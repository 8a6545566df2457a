/** What upper layers replaced: nothing of it is left, and what others left is closed up. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { BLOCK_SIZE } from "../../../../src/blocks/blocks.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { type Oracle, testWith } from "../../../support/oracles.ts";
import { directory, directoryOf, symlink, xattr } from "../../ext4/write/images.ts";
import { holding } from "../../ext4/write/random-trees.ts";
import { type ErofsImage, withErofs } from "./images.ts";
import { expectShown, fileOf } from "./shown.ts";

const ORACLES: readonly Oracle[] = ["fsck.erofs", "loop mount", "getfattr"];
const SECRET = "replaced by an upper layer";

function secret(image: ErofsImage, size: number): void {
  image.file(Buffer.alloc(size, SECRET), { xattrs: [xattr("user.secret", SECRET)] });
}

function expectNothingLeft(image: ErofsImage): void {
  expect(readFileSync(image.path).includes(SECRET.slice(0, 12))).toBe(false);
}

describe("contents that no file has any more", () => {
  testWith(ORACLES, "leave no byte, whatever lies beside them", () => {
    withErofs((image) => {
      const files = Array.from({ length: 400 }, (_, n): [string, Inode] => {
        if (n % 3 === 0) secret(image, (n * 1237) % 20_000);
        return [`${n}`, fileOf(image, (n * 911) % 12_000)];
      });
      secret(image, 300);
      secret(image, 100_000);
      expectShown(image, directoryOf(new Map(files)));
      expectNothingLeft(image);
    });
  });

  testWith(ORACLES, "leave no byte where nothing else is left either", () => {
    withErofs((image) => {
      for (let n = 0; n < 50; n++) secret(image, n * 1500);
      expectShown(image, directory());
      expectNothingLeft(image);
      expect(readFileSync(image.path).length).toBe(BLOCK_SIZE);
    });
  });

  testWith(
    ORACLES,
    "give their room to those after them, which keep their names, attributes and zeros",
    () => {
      withErofs((image) => {
        const sizes = [100_000, 5000, 40_000, 3, 4096, 12_000];
        const keep: [string, Inode][] = [];
        for (let n = 0; n < 40; n++) secret(image, 30_000 + n * 1000);
        for (let n = 0; n < 60; n++) {
          const changes = n % 5 === 0 ? { xattrs: [xattr("user.n", `${n}`)] } : {};
          keep.push([`${n}`, fileOf(image, sizes[n % sizes.length] ?? 0, changes)]);
        }
        const root = directoryOf(new Map(keep));
        const live = keep.reduce((sum, [, file]) => sum + (file.type === "file" ? file.size : 0), 0);
        root.entries.set("a second name", root.entries.get("1") ?? symlink("none"));
        root.entries.set("a second name of another", root.entries.get("59") ?? symlink("none"));
        expectShown(image, root);
        expectNothingLeft(image);
        expect(readFileSync(image.path).length).toBeLessThan(1.05 * live + 10 * BLOCK_SIZE);
      });
    },
  );

  testWith(ORACLES, "give their room to what is longer than any of them, where short files make way", () => {
    withErofs((image) => {
      const keep = Array.from({ length: 100 }, (_, n): [string, Inode] => {
        secret(image, (3 + (n % 5)) * BLOCK_SIZE);
        return [`${n}`, fileOf(image, (1 + (n % 3)) * BLOCK_SIZE)];
      });
      keep.push(["long", fileOf(image, 200 * BLOCK_SIZE)]);
      const root = directoryOf(new Map(keep));
      const plan = expectShown(image, root);
      expectNothingLeft(image);
      const live = 200 + keep.length * 2;
      expect(plan.vacating?.length).toBeGreaterThan(0);
      expect(plan.blocks).toBeLessThan(1.02 * live);
    });
  });

  testWith(ORACLES, "give their room to nothing but zeros", () => {
    withErofs((image) => {
      secret(image, 400_000);
      const zeros = Buffer.alloc(2 * BLOCK_SIZE);
      expectShown(image, directory({ zeros: holding(image.file(zeros), zeros) }));
      expectNothingLeft(image);
      expect(readFileSync(image.path).length).toBe(3 * BLOCK_SIZE);
    });
  });

  testWith(ORACLES, "are where zeros are to be, and are not seen there", () => {
    withErofs((image) => {
      for (let n = 0; n < 4; n++) secret(image, 400_000);
      const zeros = Buffer.alloc(300_000);
      zeros.write("x", 200_000);
      const root = directory({ zeros: holding(image.file(zeros), zeros), held: fileOf(image, 10) });
      expectShown(image, root);
      expect(readFileSync(image.path).length).toBeLessThan(350_000);
      expectNothingLeft(image);
    });
  });

  test("are zeroed, and what never was anything between two files is not", () => {
    withErofs((image) => {
      const keep = Array.from({ length: 35 }, (_, n): [string, Inode] => {
        if (n === 20) secret(image, 200);
        return [`${n}`, fileOf(image, 5)];
      });
      const plan = image.finish(directoryOf(new Map(keep)));
      const parts = Array.from(plan.emit(), ({ bytes }) => bytes.length).filter((n) => n < BLOCK_SIZE);
      expect(parts.length).toBeLessThanOrEqual(2);
      expectNothingLeft(image);
    });
  });
});
