import { expect, test } from "bun:test";
import { Docker2vmError } from "../../../../src/errors.ts";
import { geometryFor } from "../../../../src/filesystem/ext4/write/geometry.ts";
import type { Inode, Metadata } from "../../../../src/tree/inode.ts";
import {
  device,
  directory,
  directoryOf,
  emptyFile,
  metadata,
  OPTIONS,
  planExt4,
  symlink,
  xattr,
} from "./images.ts";

function plan(node: Inode, name = "entry") {
  const root = directory({ "d\xe9": directoryOf(new Map([[name, node]])) });
  return planExt4(root, { geometry: geometryFor(2 ** 20), end: 0, written: [] }, OPTIONS);
}

/** The error of a tree with `node` at /dé/entry, which must be about ext4's limits and say how to go on. */
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

const withXattr = (name: string, value: string | Uint8Array): Partial<Metadata> => ({
  xattrs: [xattr(name, value)],
});

test("a symlink's target is 1 to 4,095 bytes", () => {
  expect(limitOf(symlink("x".repeat(4096)))).toMatch(/^\/d\\xe9\/entry: a symlink target of 4096 bytes/);
  expect(limitOf(symlink(""))).toContain("/d\\xe9/entry: a symlink target of 0 bytes");
  plan(symlink("x".repeat(4095)));
});

test("a name is at most 255 bytes", () => {
  expect(limitOf(emptyFile(), "n".repeat(256))).toMatch(/^\/d\\xe9: .*256 bytes/);
  plan(emptyFile(), "n".repeat(255));
});

test("a device has 12 bits of major and 20 of minor number", () => {
  expect(limitOf(device("char", 4096, 0))).toContain("/d\\xe9/entry: device 4096:0");
  expect(limitOf(device("block", 0, 1_048_576))).toContain("/d\\xe9/entry: device 0:1048576");
  plan(device("block", 4095, 1_048_575));
});

test("a file is smaller than 16 TiB", () => {
  const file = (size: number): Inode => ({ type: "file", metadata: metadata(), size, extents: [] });
  expect(limitOf(file(2 ** 44))).toContain("/d\\xe9/entry: a file of 17592186044416 bytes");
  plan(file(2 ** 44 - 4096));
});

test("a file has at most 65,000 names", () => {
  const file = emptyFile();
  const links = (count: number) =>
    directoryOf(new Map(Array.from({ length: count }, (_, i) => [`${i}`, file])));
  expect(limitOf(links(65_001))).toContain("/d\\xe9/entry/0: 65001 hard links");
  plan(links(65_000));
});

test("an extended attribute is of a kind that ext4 has", () => {
  expect(limitOf(emptyFile(withXattr("com.apple.quarantine", "x")))).toContain(
    "/d\\xe9/entry: the extended attribute com.apple.quarantine is of no kind",
  );
  expect(limitOf(emptyFile(withXattr("user.", "x")))).toContain("the extended attribute user. is of no kind");
});

test("an extended attribute's name is at most 255 bytes after its prefix", () => {
  expect(limitOf(emptyFile(withXattr(`user.${"n".repeat(256)}`, "")))).toContain("too long a name");
  plan(emptyFile(withXattr(`user.${"n".repeat(255)}`, "")));
});

test("a POSIX ACL is well-formed", () => {
  for (const value of [
    "",
    "\x02\0\0",
    "\x01\0\0\0",
    "\x02\0\0\0\x01\0\x07\0",
    "\x02\0\0\0\x40\0\x07\0\0\0\0\0",
  ]) {
    expect(limitOf(emptyFile(withXattr("system.posix_acl_access", value)))).toContain("not a POSIX ACL");
  }
});
