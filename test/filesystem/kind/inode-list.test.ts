import { expect, test } from "bun:test";
import { InodeList, ListedInode } from "../../../src/filesystem/kind/inode-list.ts";
import { directoryOf, EPOCH, type Inode, NO_XATTRS } from "../../../src/tree/inode.ts";
import { placedFile } from "../../../src/tree/placed-file.ts";

const metadata = { mode: 0o644, uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH, xattrs: NO_XATTRS };
const at = (physical: number, length: number) => ({ extents: [{ logical: 0, physical, length }] });

/** Of directories only how many entries they have. */
class Inodes extends InodeList<number, ListedInode<number, Inodes>> {
  from(index: number): ListedInode<number, Inodes> {
    return new ListedInode(this, index);
  }
}

function filled(nodes: readonly Inode[]): Inodes {
  const list = new Inodes();
  list.add(directoryOf(metadata), 0, "");
  for (const [i, node] of nodes.entries()) list.add(node, i, `name ${i}`);
  return list;
}

test("inodes are known by the list that has them, whatever other lists made of them", () => {
  const nodes = Array.from({ length: 200 }, (_, i) => placedFile(metadata, 4096, at(i, 1)));
  const first = filled(nodes);
  for (const [i, node] of nodes.entries()) expect(first.indexOf(node)).toBe(i + 1);
  const other = filled([...nodes].reverse().slice(0, 100));
  for (const [i, node] of nodes.entries()) expect(other.indexOf(node)).toBe(i < 100 ? undefined : 200 - i);
  const literal: Inode = { type: "fifo", metadata };
  expect(other.indexOf(literal)).toBeUndefined();
  expect(other.indexOf({ ...literal, order: 5 })).toBeUndefined();
});

test("columns grow with the list", () => {
  const nodes = Array.from({ length: 1000 }, (_, i) => placedFile(metadata, 4096, at(i, 1)));
  const list = filled(nodes);
  for (let index = 0; index < list.length; index += 3) list.countLink(index);
  const inode = list.from(1);
  for (; inode.index < list.length; inode.index++) {
    const { index, parent, name, links, node, extents } = inode;
    expect([parent, name, links]).toEqual([index - 1, `name ${index - 1}`, index % 3 === 0 ? 1 : 0]);
    expect(node === nodes[index - 1]).toBe(true);
    expect(extents).toEqual([{ logical: 0, physical: index - 1, length: 1 }]);
    expect(list.passingExtents(index)).toEqual(extents);
  }
  expect(() => inode.node).toThrow();
  expect(list.pathOf(2, "x")).toBe("/name 0/name 1/x");
});

test("an inode is looked at by its index, or in its turn", () => {
  const list = filled([placedFile(metadata, 4096, at(0, 1)), directoryOf(metadata)]);
  expect(list.at(2)?.name).toBe("name 1");
  expect(list.at(3)).toBeUndefined();
  expect([...list].map(({ index, name }) => [index, name])).toEqual([
    [0, ""],
    [1, "name 0"],
    [2, "name 1"],
  ]);
});

test("only directories have a layout", () => {
  const list = filled([placedFile(metadata, 4096, at(0, 1)), directoryOf(metadata)]);
  for (let index = 0; index < list.length; index++) list.setDirectory(index, index * 10);
  expect([...list].map(({ directory }) => directory)).toEqual([0, undefined, 20]);
});

test("extents are the file's, or as the filesystem holds them", () => {
  const [whole, none, scattered] = [
    placedFile(metadata, 8192, at(7, 2)),
    placedFile(metadata, 8192, { extents: [] }),
    placedFile(metadata, 8192, at(9, 1)),
  ] as const;
  const list = filled([whole, none, scattered]);
  const look = (index: number) => [list.extents(index), list.passingExtents(index)];
  for (const [i, { extents }] of [whole, none, scattered].entries())
    expect(look(i + 1)).toEqual([extents, extents]);
  expect(look(0)).toEqual([[], []]);
  const split = [1, 1].map((length, i) => ({ logical: i, physical: 7 + i, length }));
  list.holdAs(1, split);
  expect(look(1)).toEqual([split, split]);
});
