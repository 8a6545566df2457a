import { expect, test } from "bun:test";
import { DirectoryEntries } from "../../../../src/filesystem/erofs/write/directory-entries.ts";
import { EPOCH, type Inode, NO_XATTRS } from "../../../../src/tree/inode.ts";
import { Names } from "../../../../src/tree/names.ts";
import { sortedEntries } from "../../../../src/tree/sorted-entries.ts";
import { finished } from "../../../../src/waiting/steps.ts";

const metadata = { mode: 0o644, uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH, xattrs: NO_XATTRS };

test.each([
  [[]],
  [["a", "b"]],
  [["!", "+x", "-"]],
  [[".+", ".-x"]],
  [["!", ".!", ".+", "...", ".a", "..a", "z", "\xff", "..-"]],
])("the dots stand where bytes have them among %p", (names) => {
  const entries = new Names<Inode>();
  for (const name of names) entries.set(name, { type: "fifo", metadata });
  const listed = new DirectoryEntries(finished(sortedEntries(entries)));
  const all = [...names, ".", ".."].sort();
  const places = all.map((_, at) => at);
  expect(listed.length).toBe(all.length);
  expect(places.map((at) => listed.name(at))).toEqual(all);
  expect(places.map((at) => listed.dots(at))).toEqual(
    all.map((name) => (name === "." ? 1 : name === ".." ? 2 : 0)),
  );
  expect(places.map((at) => listed.inode(at))).toEqual(all.map((name) => entries.get(name)));
  for (const [at, name] of all.entries()) {
    const bytes = Buffer.alloc(listed.nameLength(at) + 1, 0x7e);
    listed.copyName(at, bytes, 1);
    expect(bytes.toString("latin1")).toBe(`~${name}`);
  }
});
