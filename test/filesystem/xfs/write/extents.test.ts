/** Files at the borders between extents in the inode and trees of them, and free space in as many pieces. */
import { expect, test } from "bun:test";
import { AGFL_BLOCKS } from "../../../../src/filesystem/xfs/write/geometry.ts";
import { groupOf } from "../../../../src/filesystem/xfs/write/group-trees.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { testWith } from "../../../support/oracles.ts";
import { directory, directoryOf, fixed, MIB } from "../../ext4/write/images.ts";
import { holding, scatteredContents } from "./expected-view.ts";
import { type Image, withImage } from "./images.ts";
import { expectAsItIs } from "./mounting.ts";

const ORACLES = ["xfs_repair", "xfs_db", "loop mount", "getfattr"] as const;

function scattered(image: Image, count: number): Inode {
  return holding(image.scattered(count), scatteredContents(count));
}

testWith(ORACLES, "a file has its extents in the inode, in a leaf, or in several", () => {
  withImage((image) => {
    const counts = [0, 1, 20, 21, 22, 250, 251, 252, 502, 503];
    const root = directory(Object.fromEntries(counts.map((n) => [`${n}`.padStart(3), scattered(image, n)])));
    const { placement } = image.finish(root);
    const nodes = counts.map((_, i) => placement.forks.get(i + 1)?.data.nodes.length ?? 0);
    expect(nodes).toEqual([0, 0, 0, 0, 1, 1, 1, 2, 2, 3]);
    expectAsItIs(image.path, root);
  });
});

testWith(ORACLES, "a tree of extents has a level more where the inode has no room for its children", () => {
  withImage((image) => {
    // A root has room for 20 children: 20 leaves hold 5,020 extents.
    const root = directory({ most: scattered(image, 5020), more: scattered(image, 5021) });
    const { placement } = image.finish(root);
    const nodes = [1, 2].map((index) => placement.forks.get(index)?.data.nodes.length);
    // In the order of names: 21 leaves below a node of their own, then 20.
    expect(nodes).toEqual([22, 20]);
    expectAsItIs(image.path, root);
  });
});

testWith(ORACLES, "contents up to the very end of a unit of 16 MiB, and over it", () => {
  for (const size of [{ kind: "auto" }, { kind: "min" }] as const) {
    withImage((image) => {
      const root = directory();
      for (const blocks of [4096 - 24, 1, 4096 - 17, 4096 - 16, 3 * 4096 + 5]) {
        const contents = Buffer.alloc(blocks * 4096, `${blocks} blocks `);
        root.entries.set(`${blocks}`, holding(image.file(contents), contents));
      }
      expect(root.entries.get(`${4096 - 24}`)).toMatchObject({ extents: [{ length: 4096 - 24 }] });
      image.finish(root, { size });
      expectAsItIs(image.path, root);
    });
  }
});

/** An image in whose first group so many runs of one block are free beside what is at the end. */
function withRuns(image: Image, runs: number): Map<string, Inode> {
  const files = new Map<string, Inode>();
  image.next = 24;
  for (let i = 0; i < runs; i++) {
    const contents = Buffer.alloc(4096, `${i}`);
    files.set(`${i}`, holding(image.file(contents), contents));
    image.next++;
  }
  return files;
}

testWith(ORACLES, "free space in as many runs as fit one block of its trees, one more, and many", () => {
  for (const runs of [490, 500, 503, 504, 505, 506, 507, 508, 520, 1500]) {
    withImage((image) => {
      // The files' own directory and inodes lie behind them.
      const root = directory({ files: directoryOf(withRuns(image, runs)) });
      const { placement } = image.finish(root, { size: fixed(64 * MIB) });
      const free = placement.groups[0]?.free.length ?? 0;
      expect(placement.groups[0]?.bno.blocks.length).toBe(free <= 505 ? 1 : 1 + Math.ceil(free / 505));
      expectAsItIs(image.path, root);
    });
  }
});

testWith(ORACLES, "trees of free space take their blocks from single ones where there are no others", () => {
  withImage((image) => {
    const files = withRuns(image, 1500);
    const contents = Buffer.alloc((4096 - image.next) * 4096, "the rest of the group");
    files.set("rest", holding(image.file(contents), contents));
    expect(image.next).toBe(4096);
    const root = directory({ files: directoryOf(files) });
    const { placement } = image.finish(root, { size: fixed(32 * MIB), readOnly: true });
    expect(placement.moves).toEqual([]);
    expect(placement.groups[0]).toMatchObject({ longest: 1, bno: { levels: [3] } });
    expectAsItIs(image.path, root);
  });
});

test("no block is lost where taking some for the trees makes the trees smaller", () => {
  const surplus = new Set<number>();
  for (let runs = 500; runs < 520; runs++) {
    const free = Array.from({ length: runs }, (_, i) => ({ start: 100 + 2 * i, length: 1 }));
    const { agfl, bno, cnt, freeBlocks } = groupOf({ start: 0, length: 4096 }, free, [], []);
    const all = [...agfl.slice(AGFL_BLOCKS), ...bno.blocks.slice(0, -1), ...cnt.blocks.slice(0, -1)];
    expect(new Set(all).size).toBe(runs - freeBlocks);
    surplus.add(agfl.length - AGFL_BLOCKS);
  }
  expect([...surplus].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
});

testWith(ORACLES, "65 inodes have a second chunk, 16,129 a second block in the tree of inodes", () => {
  for (const [count, chunks, blocks] of [
    [61, 1, 1],
    [62, 2, 1],
    [252 * 64 - 3, 252, 1],
    [252 * 64 - 2, 253, 3],
  ] as const) {
    withImage((image) => {
      const files = Array.from({ length: count - 1 }, (_, i) => [`${i}`, image.file("")] as const);
      const root = directory({ files: directoryOf(new Map(files)) });
      const { placement, inodes } = image.finish(root);
      expect(placement.chunks).toHaveLength(chunks);
      expect(inodes).toBe(chunks * 64);
      expect(placement.groups[0]?.ino.blocks).toHaveLength(blocks);
      expectAsItIs(image.path, root);
    });
  }
});
