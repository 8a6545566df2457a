/** Planning pauses, so that a signal is heard: after each few hundred inodes, and for each size that is tried. */
import { expect, test } from "bun:test";
import { planXfs } from "../../../../src/filesystem/xfs/write/plan.ts";
import type { Directory, Inode } from "../../../../src/tree/inode.ts";
import { directory, directoryOf, emptyFile, fixed } from "../../ext4/write/images.ts";
import { OPTIONS } from "./images.ts";

const FILES = 50_000;
const CONTENTS = { end: 0, written: [] };

function pausesOf(root: Directory): number {
  return [...planXfs(root, CONTENTS, OPTIONS)].length;
}

function files(count: number): Map<string, Inode> {
  return new Map(Array.from({ length: count }, (_, i) => [`a-small-file-${i}`, emptyFile()]));
}

test("over many directories", () => {
  const folders = Array.from({ length: 50 }, (_, i) => [`${i}`, directoryOf(files(FILES / 50))] as const);
  expect(pausesOf(directoryOf(new Map(folders)))).toBeGreaterThan(FILES / 300);
});

test("over the names of one directory", () => {
  const one = pausesOf(directoryOf(files(FILES))) - FILES / 256;
  // Parts that are sorted, merged and hashed.
  expect(one).toBeGreaterThan((3 * FILES) / 4096);
});

test("over sizes", () => {
  const root = directory({ file: emptyFile() });
  const tooSmall = planXfs(root, CONTENTS, { ...OPTIONS, size: fixed(1) });
  let pauses = 0;
  expect(() => {
    while (tooSmall.next().done !== true) pauses++;
  }).toThrow("needs a filesystem");
  expect(pauses).toBeGreaterThan(pausesOf(root));
});
