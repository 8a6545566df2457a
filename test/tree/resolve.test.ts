/** One way through a tree, whoever goes it: as the kernel goes in a chroot. */
import { describe, expect, test } from "bun:test";
import type { Directory, Inode } from "../../src/tree/inode.ts";
import { impliedDirectory, NO_XATTRS } from "../../src/tree/inode.ts";
import { findPlace, resolvePath } from "../../src/tree/resolve.ts";
import { followPath } from "../../src/tree/walk.ts";

const EPOCH = { seconds: 0, nanoseconds: 0 };
const METADATA = { mode: 0o777, uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH, xattrs: NO_XATTRS };

const link = (target: string): Inode => ({ type: "symlink", metadata: METADATA, target });
const file = (): Inode => ({ type: "file", metadata: METADATA, size: 0, extents: [] });

function folder(entries: Readonly<Record<string, Inode>>): Directory {
  const directory = impliedDirectory();
  for (const [name, inode] of Object.entries(entries)) directory.entries.set(name, inode);
  return directory;
}

/** So many symlinks, one to the next, the last of them to `end`. */
function chain(count: number, end: string): Record<string, Inode> {
  const links = Array.from({ length: count }, (_, at) => [
    `link${at}`,
    link(at + 1 < count ? `link${at + 1}` : end),
  ]);
  return Object.fromEntries(links) as Record<string, Inode>;
}

const root = folder({
  usr: folder({ bin: folder({ sh: file() }), up: link("../../..//./usr/"), out: link("/usr/bin") }),
  bin: link("usr/bin"),
  self: link("self"),
});

describe("a path in a tree", () => {
  for (const [path, real] of [
    ["/bin/sh", "/usr/bin/sh"],
    ["bin/./../bin//sh", "/usr/bin/sh"],
    ["/../../bin/sh", "/usr/bin/sh"],
    ["/usr/up/up/out/sh", "/usr/bin/sh"],
    ["/usr/out/..", "/usr"],
    ["..", "/"],
  ] as const) {
    test(`${path} leads to ${real}`, () => {
      const place = findPlace(root, path);
      expect(place?.path).toBe(real);
      const parent = real.split("/").slice(1, -1);
      expect(place?.parent).toBe(followPath(root, parent) as Directory);
    });
  }

  test("through 40 symlinks leads somewhere, through 41 nowhere, for everybody", () => {
    for (const [count, found] of [
      [40, true],
      [41, false],
    ] as const) {
      const tree = folder({ ...chain(count, "end"), end: folder({ f: file() }) });
      expect(findPlace(tree, "/link0/f") !== undefined).toBe(found);
      expect(findPlace(tree, "/link0") !== undefined).toBe(found);
      expect(followPath(tree, ["link0"]) !== undefined).toBe(found);
    }
  });

  test("that leads nowhere says why", () => {
    expect(resolvePath(root, "/self", { follow: true })).toEqual({ obstacle: "/self leads in a circle" });
    expect(resolvePath(root, "/bin/sh/x", { follow: true })).toEqual({
      obstacle: "/usr/bin/sh is no directory",
    });
    expect(resolvePath(root, "/bin/no/x", { follow: true })).toEqual({
      obstacle: "/usr/bin/no is no directory",
    });
    expect(resolvePath(root, "/bin", { follow: false })).toMatchObject({ path: "/bin", name: "bin" });
    expect(resolvePath(root, "/bin/new", { follow: true })).toMatchObject({
      path: "/usr/bin/new",
      inode: undefined,
    });
  });
});
