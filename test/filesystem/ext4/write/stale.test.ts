import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { emitExt4 } from "../../../../src/filesystem/ext4/write/emit.ts";
import type { Directory, Inode } from "../../../../src/tree/inode.ts";
import { testWith } from "../../../support/oracles.ts";
import {
  directory,
  directoryOf,
  emptyFile,
  fixed,
  type Image,
  OPTIONS,
  planExt4,
  symlink,
  withImage,
  xattr,
} from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

const SECRET = "of a file that no layer has any more";

/** Files, some of which are replaced: every third is dropped, and so are long runs between them. */
function replaced(image: Image): Directory {
  const root = directory();
  for (let i = 0; i < 60; i++) {
    const file = image.file(`${i} ${SECRET} `.repeat(i % 10 === 9 ? 9000 : 300));
    if (i % 3 === 0) root.entries.set(`${i}`, image.file(`kept ${i}`));
    else if (i % 3 === 1) root.entries.set(`${i}`, file);
  }
  const many = new Map<string, Inode>();
  for (let i = 0; i < 2000; i++) many.set(`a-name-in-a-large-directory-${i}`, emptyFile());
  root.entries.set("many", directoryOf(many));
  root.entries.set("link", symlink("t".repeat(100)));
  root.entries.set("attributed", emptyFile({ xattrs: [xattr("user.a", "v".repeat(200))] }));
  return root;
}

/** Whether any block of the image outside of files in use holds text of a dropped file. */
function holdsSecret(image: Image, root: Directory): boolean {
  const live = new Set<number>();
  for (const node of root.entries.values()) {
    if (node.type !== "file") continue;
    for (const { physical, length } of node.extents) {
      for (let i = 0; i < length; i++) live.add(physical + i);
    }
  }
  const fd = openSync(image.path, "r");
  const block = Buffer.alloc(4096);
  let found = false;
  for (let i = 0; readSync(fd, block, 0, 4096, i * 4096) > 0; i++) {
    if (!live.has(i) && block.includes(SECRET)) found = true;
  }
  closeSync(fd);
  return found;
}

testWith(["e2fsck", "loop mount"], "no block outside of files holds contents of a file that is gone", () => {
  withImage((image) => {
    const root = replaced(image);
    expect(holdsSecret(image, root)).toBe(true);
    image.finish(root);
    expect(holdsSecret(image, root)).toBe(false);
    expectSilentCheck(image.path);
    withMount(image.path, "ro", (mountPoint) => {
      expect(readFileSync(join(mountPoint, "3"), "latin1")).toBe("kept 3");
      expect(readFileSync(join(mountPoint, "4"), "latin1")).toBe(`4 ${SECRET} `.repeat(300));
    });
  });
});

test("blocks of the tree go where stale contents are, and those left are written as zeros", () => {
  withImage((image) => {
    const root = replaced(image);
    const plan = image.finish(root);
    const many = [...plan.namespace.inodes].findIndex(({ name }) => name === "many");
    const end = plan.placement.mappings
      .get(many)
      ?.extents.every(({ physical, length }) => physical + length <= image.next);
    expect(end).toBe(true);
    expect(plan.placement.stale.starts.length).toBeGreaterThan(0);
  });
});

test("no byte is emitted twice, none over contents in use, and none past the end", () => {
  withImage((image) => {
    const root = replaced(image);
    const plan = image.finish(root);
    const runs = [...emitExt4(plan)].map(
      ({ position, bytes }) => [position, position + bytes.length] as const,
    );
    for (const node of root.entries.values()) {
      if (node.type !== "file") continue;
      for (const { physical, length } of node.extents)
        runs.push([physical * 4096, (physical + length) * 4096]);
    }
    runs.sort(([a], [b]) => a - b);
    let end = 0;
    for (const [start, stop] of runs) {
      expect(start).toBeGreaterThanOrEqual(end);
      end = stop;
    }
    expect(end).toBeLessThanOrEqual(plan.blocks * 4096);
  });
});

testWith(["e2fsck"], "stale contents past the end of the filesystem are left to be cut off", () => {
  withImage((image) => {
    image.file("kept for now".repeat(1000));
    image.next = 60_000;
    image.file(`${SECRET}`.repeat(1000));
    const plan = image.finish(directory(), { size: fixed(20_000) });
    expect(plan.blocks).toBe(20_000);
    expectSilentCheck(image.path);
  });
});

test("contents where descriptors must lie, or a block of two files, are a mistake that is found", () => {
  withImage((image) => {
    const file = image.file("x");
    const contents = { geometry: image.geometry, end: 100_000, written: image.written };
    expect(() => planExt4(directory({ a: file, b: { ...file } }), contents, OPTIONS)).toThrow("used twice");
    const misplaced = { ...contents, written: [...image.written, { start: 1, length: 1 }] };
    expect(() => planExt4(directory({ a: file }), misplaced, OPTIONS)).toThrow("superblock");
    expect(() => planExt4(directory({ a: file }), { ...contents, written: [] }, OPTIONS)).toThrow(
      "not written",
    );
  });
});

test("the same tree, contents and options make the same bytes", () => {
  const images = [0, 1].map(() =>
    withImage((image) => {
      image.finish(replaced(image));
      return readFileSync(image.path);
    }),
  );
  expect(images[0]?.equals(images[1] ?? Buffer.alloc(0))).toBe(true);
});
