import { expect, test } from "bun:test";
import { Docker2vmError } from "../../../../src/errors.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { device, directory, directoryOf, emptyFile, symlink } from "../../ext4/write/images.ts";
import { withImage } from "./images.ts";

function plan(node: Inode, name = "entry") {
  const root = directory({ "d\xe9": directoryOf(new Map([[name, node]])) });
  return withImage((image) => image.plan(root));
}

/** The error of a tree with `node` at /dé/entry, which must be about XFS's limits and say how to go on. */
function limitOf(node: Inode, name?: string): string {
  try {
    plan(node, name);
  } catch (error) {
    if (!(error instanceof Docker2vmError) || error.code !== "E_FILESYSTEM_LIMIT") throw error;
    expect(error.hint).toContain("image");
    return error.message;
  }
  throw new Error("no limit was met");
}

test("a symlink's target is 1 to 1,023 bytes", () => {
  expect(limitOf(symlink("x".repeat(1024)))).toMatch(/^\/d\\xe9\/entry: a symlink target of 1024 bytes/);
  expect(limitOf(symlink(""))).toContain("/d\\xe9/entry: a symlink target of 0 bytes");
  plan(symlink("x".repeat(1023)));
});

test("a name is at most 255 bytes", () => {
  expect(limitOf(emptyFile(), "n".repeat(256))).toMatch(/^\/d\\xe9: .*256 bytes/);
  plan(emptyFile(), "n".repeat(255));
});

test("a device has 9 bits of major number that are read, and 18 of minor number", () => {
  expect(limitOf(device("char", 512, 0))).toContain("/d\\xe9/entry: device 512:0");
  expect(limitOf(device("block", 0, 262_144))).toContain("/d\\xe9/entry: device 0:262144");
  plan(device("block", 511, 262_143));
});
