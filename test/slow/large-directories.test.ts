/** Directories with more entries than anyone should have. */
import { expect } from "bun:test";
import { existsSync, lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Inode } from "../../src/tree/inode.ts";
import { directory, directoryOf, emptyFile, withImage } from "../filesystem/ext4/write/images.ts";
import { expectSilentCheck, withMount } from "../filesystem/ext4/write/mounting.ts";
import { testWith } from "../support/oracles.ts";

testWith(
  ["e2fsck", "loop mount"],
  "700,000 entries fill two levels of index, and the kernel adds more",
  () => {
    withImage((image) => {
      const entries = new Map<string, Inode>();
      for (let i = 0; i < 700_000; i++) entries.set(`an-entry-with-an-ordinary-name-${i}`, emptyFile());
      const plan = image.finish(directory({ d: directoryOf(entries) }));
      expect(plan.namespace.inodes.find(({ name }) => name === "d")?.directory?.index?.nodes).toBeGreaterThan(
        15,
      );
      expectSilentCheck(image.path);
      withMount(image.path, "rw", (mountPoint) => {
        const folder = join(mountPoint, "d");
        expect(readdirSync(folder)).toHaveLength(700_000);
        for (let i = 0; i < 700_000; i += 701) {
          expect(existsSync(join(folder, `an-entry-with-an-ordinary-name-${i}`))).toBe(true);
        }
        expect(existsSync(join(folder, "another"))).toBe(false);
        for (let i = 0; i < 5000; i++) writeFileSync(join(folder, `new-${i}`), "");
      });
      expectSilentCheck(image.path);
    });
  },
);

testWith(["e2fsck", "loop mount"], "70,000 subdirectories: more than links can count", () => {
  withImage((image) => {
    const entries = new Map<string, Inode>();
    for (let i = 0; i < 70_000; i++) entries.set(`${i}`, directory({ file: emptyFile() }));
    image.finish(directory({ d: directoryOf(entries) }));
    expectSilentCheck(image.path);
    withMount(image.path, "ro", (mountPoint) => {
      expect(lstatSync(join(mountPoint, "d")).nlink).toBe(1);
      expect(readdirSync(join(mountPoint, "d"))).toHaveLength(70_000);
      expect(readdirSync(join(mountPoint, "d", "69999"))).toEqual(["file"]);
    });
  });
});
