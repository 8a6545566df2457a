/** Directories with more entries than anyone should have. */
import { expect } from "bun:test";
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Inode } from "../../src/tree/inode.ts";
import { withErofs, withErofsMount } from "../filesystem/erofs/write/images.ts";
import { directory, directoryOf, emptyFile, withImage } from "../filesystem/ext4/write/images.ts";
import { expectSilentCheck, withMount } from "../filesystem/ext4/write/mounting.ts";
import { expectCleanFilesystem, testWith } from "../support/oracles.ts";

testWith(
  ["e2fsck", "loop mount"],
  "700,000 entries fill two levels of index, and the kernel adds more",
  () => {
    withImage((image) => {
      const entries = new Map<string, Inode>();
      for (let i = 0; i < 700_000; i++) entries.set(`an-entry-with-an-ordinary-name-${i}`, emptyFile());
      const plan = image.finish(directory({ d: directoryOf(entries) }));
      expect(
        [...plan.namespace.inodes].find(({ name }) => name === "d")?.directory?.index?.nodes,
      ).toBeGreaterThan(15);
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

testWith(["fsck.erofs", "loop mount"], "200,000 entries of an EROFS, each of which the kernel finds", () => {
  withErofs((image) => {
    const entries = new Map<string, Inode>();
    for (let i = 0; i < 200_000; i++) entries.set(`an-entry-with-an-ordinary-name-${i}`, emptyFile());
    image.finish(directory({ d: directoryOf(entries) }));
    expectCleanFilesystem(image.path);
    withErofsMount(image.path, (mountPoint) => {
      const folder = join(mountPoint, "d");
      expect(readdirSync(folder)).toHaveLength(200_000);
      for (const name of entries.keys()) expect(existsSync(join(folder, name))).toBe(true);
      expect(existsSync(join(folder, "another"))).toBe(false);
    });
  });
});

testWith(
  ["fsck.erofs", "loop mount"],
  "a file of an EROFS has 70,000 names, a directory as many directories",
  () => {
    withErofs((image) => {
      const time = { seconds: 0, nanoseconds: 0 };
      const namesOf = (node: Inode, count: number): Map<string, Inode> =>
        new Map(Array.from({ length: count }, (_, n) => [`name ${n}`, node]));
      const linked = image.file("contents", { mtime: time });
      const empty = image.file("", { mtime: time });
      const folders = Array.from({ length: 70_000 }, (_, n): [string, Inode] => [`${n}`, directory()]);
      const root = directory({
        files: directoryOf(new Map([...namesOf(linked, 70_000), ["empty", empty]])),
        empties: directoryOf(namesOf(empty, 69_999)),
        folders: directoryOf(new Map(folders), { mtime: time }),
      });
      // Inodes of that time take 32 bytes, if they say everything.
      image.finish(root, { time });
      expectCleanFilesystem(image.path);
      withErofsMount(image.path, (folder) => {
        expect(lstatSync(`${folder}/files/name 69999`).nlink).toBe(70_000);
        expect(lstatSync(`${folder}/files/empty`).nlink).toBe(70_000);
        expect(lstatSync(`${folder}/folders`).nlink).toBe(70_002);
        expect(readFileSync(`${folder}/files/name 12345`, "latin1")).toBe("contents");
      });
    });
  },
);
