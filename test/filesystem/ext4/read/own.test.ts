/** Images of this project's writer read back as the tree that they were made of. */
import { expect } from "bun:test";
import type { Ext4Filesystem } from "../../../../src/filesystem/ext4/read/filesystem.ts";
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { type FilesystemTree, readTree } from "../../../../src/filesystem/reading/tree.ts";
import type { Directory, Inode } from "../../../../src/tree/inode.ts";
import { expectCleanFilesystem, testWith } from "../../../support/oracles.ts";
import { contentsOf } from "../../reading/views.ts";
import { everything } from "../write/everything.ts";
import { directory, emptyFile, MIB, withImage, xattr } from "../write/images.ts";
import { withFilesystem } from "./support.ts";
import { verify } from "./unpaused.ts";

for (const format of ["ext4", "ext3", "ext2"] as const) {
  testWith(["e2fsck"], `${format}: the tree that is read is the tree that was written, and verifies`, () => {
    withImage(
      (image) => {
        const root = everything(image);
        const many = Object.fromEntries(
          Array.from({ length: 900 }, (_, i) => [`file-number-${i}`, emptyFile()]),
        );
        root.entries.set("many", directory(many));
        root.entries.set("attributes", emptyFile({ xattrs: [...ATTRIBUTES] }));
        image.finish(root, { lostAndFound: false });
        expectCleanFilesystem(image.path);
        withFilesystem(image.path, (filesystem) => expectTree(filesystem, root));
        const file = new ImageFile(image.path);
        expect(verify(file).findings).toEqual([]);
        file.close();
      },
      1024 * MIB,
      format,
    );
  });
}

const ACL = Buffer.from(
  "0200000001000600ffffffff02000400e803000004000400ffffffff10000700ffffffff20000000ffffffff",
  "hex",
);
const ATTRIBUTES = [
  xattr("user.short", "v"),
  xattr("user.empty", ""),
  xattr("user.long", "x".repeat(1500)),
  xattr("user.name beyond ASCII \xc3\xa9", "\xe9".repeat(200)),
  xattr("trusted.overlay.opaque", "y"),
  xattr("security.capability", "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
  xattr("system.posix_acl_access", ACL),
];

function expectTree(filesystem: Ext4Filesystem, want: Directory): void {
  const tree = readTree(filesystem);
  const shared = new Map<Inode, Inode>();
  const waiting: { path: string; got: Inode; want: Inode }[] = [{ path: "", got: tree.root, want }];
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    // Names of one inode share one object, there and here.
    expect(shared.get(pair.want) ?? pair.got).toBe(pair.got);
    shared.set(pair.want, pair.got);
    expectInode(filesystem, tree, pair.path, pair.got, pair.want);
    if (pair.got.type !== "directory" || pair.want.type !== "directory") continue;
    expect([...pair.got.entries.keys()].sort()).toEqual([...pair.want.entries.keys()].sort());
    for (const [name, child] of pair.want.entries) {
      const got = pair.got.entries.get(name);
      if (got !== undefined) waiting.push({ path: `${pair.path}/${name}`, got, want: child });
    }
  }
}

function expectInode(
  filesystem: Ext4Filesystem,
  tree: FilesystemTree,
  path: string,
  got: Inode,
  want: Inode,
): void {
  expect({ path, type: got.type, ...sorted(got) }).toEqual({ path, type: want.type, ...sorted(want) });
  if (got.type === "symlink" && want.type === "symlink") expect(got.target).toBe(want.target);
  if (got.type === "file" && want.type === "file") {
    expect(got.size).toBe(want.size);
    const contents = contentsOf(filesystem, filesystem.inode(tree.numbers.get(got) ?? 0));
    for (const { logical, length } of want.extents) {
      const part = contents.subarray(logical * 4096, (logical + length) * 4096);
      expect(part.some((byte) => byte !== 0)).toBe(true);
    }
  }
  if ("major" in got && "major" in want) expect([got.major, got.minor]).toEqual([want.major, want.minor]);
}

function sorted({ metadata }: Inode) {
  const xattrs = metadata.xattrs.map(({ name, value }) => `${name}=${Buffer.from(value).toString("hex")}`);
  return { ...metadata, xattrs: xattrs.sort() };
}
