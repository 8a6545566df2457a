import { expect, test } from "bun:test";
import { InodeList, type ListedDirectory, ListedInode } from "../../../src/filesystem/kind/inode-list.ts";
import { directoryOf, EPOCH, type Inode, NO_XATTRS } from "../../../src/tree/inode.ts";
import { placedFile } from "../../../src/tree/placed-file.ts";

const metadata = { mode: 0o644, uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH, xattrs: NO_XATTRS };
const at = (physical: number, length: number) => ({ extents: [{ logical: 0, physical, length }] });

class Inodes extends InodeList<ListedDirectory, ListedInode<ListedDirectory, Inodes>> {
  from(index: number): ListedInode<ListedDirectory, Inodes> {
    return new ListedInode(this, index);
  }
}

/** The root and what is in it. */
function filled(nodes: readonly Inode[]): Inodes {
  const list = new Inodes();
  list.setDirectory(list.add(directoryOf(metadata), 0), layout(nodes.map((_, i) => i + 1)));
  for (const node of nodes) list.add(node, 0);
  return list;
}

function runsOf(list: Inodes): [number, number][] {
  const runs: [number, number][] = [];
  list.forRuns((start, length) => runs.push([start, length]));
  return runs;
}

function layout(children: readonly number[], prefix = "name"): ListedDirectory {
  return {
    entries: { name: (at) => (at < 0 ? "" : `${prefix} ${at}`) },
    children: Int32Array.from(children),
  };
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
    expect([parent, name, links]).toEqual([0, `name ${index - 1}`, index % 3 === 0 ? 1 : 0]);
    expect(node === nodes[index - 1]).toBe(true);
    expect(extents).toEqual([{ logical: 0, physical: index - 1, length: 1 }]);
    expect(list.passingExtents(index)).toEqual(extents);
  }
  expect(() => inode.node).toThrow();
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
  const layouts = [layout([1, 2]), layout([]), layout([])];
  for (const [index, layout] of layouts.entries()) list.setDirectory(index, layout);
  expect([...list].map(({ directory }) => directory)).toEqual([layouts[0], undefined, layouts[2]]);
  expect([...list.directoryIndexes]).toEqual([0, 1, 2]);
});

test("a path is that of the directories, by the names that their layouts have", () => {
  const list = filled([placedFile(metadata, 4096, at(0, 1)), directoryOf(metadata)]);
  const inner = layout([3, 4], "inner");
  list.setDirectory(2, inner);
  list.add(directoryOf(metadata), 2);
  list.add(placedFile(metadata, 4096, at(1, 1)), 2);
  expect(list.pathOf(3, "x")).toBe("/name 1/inner 0/x");
  expect(list.pathIn({ index: 2, layout: inner, next: 1 })).toBe("/name 1/inner 1");
  expect(list.pathIn(undefined)).toBe("/");
  expect(list.name(4)).toBe("inner 1");
  // Not in the directory that has it: what no name leads to.
  expect(list.name(list.add(placedFile(metadata, 1, at(2, 1)), 0))).toBe("");
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
  expect(runsOf(list)).toEqual([
    [7, 2],
    [9, 1],
  ]);
  const split = [1, 1].map((length, i) => ({ logical: i, physical: 7 + i, length }));
  list.holdAs(1, split);
  expect(look(1)).toEqual([split, split]);
  expect(runsOf(list)).toEqual([
    [7, 1],
    [8, 1],
    [9, 1],
  ]);
});
