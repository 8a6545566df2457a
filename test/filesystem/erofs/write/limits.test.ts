import { expect, test } from "bun:test";
import { Docker2vmError } from "../../../../src/errors.ts";
import type { FilesystemPlan } from "../../../../src/filesystem/kind/kind.ts";
import type { Inode, Metadata } from "../../../../src/tree/inode.ts";
import {
  device,
  directory,
  directoryOf,
  emptyFile,
  metadata,
  symlink,
  xattr,
} from "../../ext4/write/images.ts";
import { withErofs } from "./images.ts";

function plan(node: Inode, name = "entry"): FilesystemPlan {
  return withErofs((image) => image.finish(directory({ "d\xe9": directoryOf(new Map([[name, node]])) })));
}

/** The error of a tree with `node` at /dé/entry, which must be about EROFS's limits and say how to go on. */
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
  expect(limitOf(symlink("x".repeat(4096)))).toMatch(
    /^\/d\\xe9\/entry: a symlink target of 4096 bytes; EROFS/,
  );
  expect(limitOf(symlink(""))).toContain("/d\\xe9/entry: a symlink target of 0 bytes");
});

test("a name is at most 255 bytes", () => {
  expect(limitOf(emptyFile(), "n".repeat(256))).toMatch(/^\/d\\xe9: .*256 bytes/);
});

test("a device has 12 bits of major and 20 of minor number", () => {
  expect(limitOf(device("char", 4096, 0))).toContain("/d\\xe9/entry: device 4096:0; EROFS");
  expect(limitOf(device("block", 0, 1_048_576))).toContain("/d\\xe9/entry: device 0:1048576");
});

test("an extended attribute is of a kind that EROFS has, whatever file has it", () => {
  for (const size of [0, 10]) {
    withErofs((image) => {
      const file = image.file("x".repeat(size), withXattr("com.apple.quarantine", "x"));
      const message = /^\/entry: the extended attribute com.apple.quarantine is of no kind that EROFS has/;
      expect(() => image.finish(directory({ entry: file }))).toThrow(message);
    });
  }
  expect(limitOf(emptyFile(withXattr("user.", "x")))).toContain("the extended attribute user. is of no kind");
  expect(limitOf(emptyFile(withXattr("system.other", "x")))).toContain("is of no kind");
});

test("an extended attribute's name is at most 255 bytes after its prefix, its value 65,535", () => {
  expect(limitOf(emptyFile(withXattr(`user.${"n".repeat(256)}`, "")))).toContain("too long a name");
  plan(emptyFile(withXattr(`user.${"n".repeat(255)}`, "")));
  expect(limitOf(emptyFile(withXattr("user.a", "v".repeat(65_536))))).toContain("a value of 65536 bytes");
});

test("the extended attributes of an inode come to 256 KiB", () => {
  const xattrs = Array.from({ length: 5 }, (_, n) => xattr(`user.${n}`, "v".repeat(60_000)));
  expect(limitOf(emptyFile({ xattrs }))).toContain(
    "its extended attributes need 300052 bytes; EROFS holds 262148",
  );
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

test("the root refers to 255 extended attributes and has little room for more", () => {
  const xattrs = Array.from({ length: 400 }, (_, n) => xattr(`user.${n}`, "v".repeat(20)));
  withErofs((image) => {
    const message = "/: the root has more extended attributes than EROFS can refer to";
    expect(() => image.finish(directory({}, { xattrs }))).toThrow(message);
  });
});

test("a filesystem has less than 2^32 blocks", () => {
  const file = (size: number, physical: number): Inode => ({
    type: "file",
    metadata: metadata(),
    size,
    extents: [{ logical: 0, physical, length: size / 4096 }],
  });
  expect(plan(file(2 ** 44 - 3 * 4096, 1)).blocks).toBe(2 ** 32 - 2);
  const tooMany = /would have 4294967296 blocks of 4096 bytes; EROFS holds 4294967295/;
  expect(() => plan(file(2 ** 44 - 4096, 1))).toThrow(tooMany);
});
