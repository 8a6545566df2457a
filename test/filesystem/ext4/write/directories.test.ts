import { expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { directoryHash } from "../../../../src/filesystem/ext4/format/dirhash.ts";
import { layOutDirectory } from "../../../../src/filesystem/ext4/write/directory-layout.ts";
import type { Ext4Plan } from "../../../../src/filesystem/ext4/write/plan.ts";
import type { Inode } from "../../../../src/tree/inode.ts";
import { sortedEntries } from "../../../../src/tree/sorted-entries.ts";
import { finished } from "../../../../src/waiting/steps.ts";
import { expectError } from "../../../support/expect-error.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { directory, directoryOf, emptyFile, OPTIONS, withImage } from "./images.ts";
import { expectSilentCheck, withMount } from "./mounting.ts";

function filesNamed(names: readonly string[]): Map<string, Inode> {
  // One inode under all names would meet the limit of links; so a new one for each 60,000.
  const files = new Map<string, Inode>();
  let file = emptyFile();
  for (const [i, name] of names.entries()) {
    if (i % 60_000 === 0) file = emptyFile();
    files.set(name, file);
  }
  return files;
}

function numbered(count: number, nameOf: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => nameOf(i));
}

/** Checks with e2fsck and the kernel that the directory has these names and finds each one of a sample. */
function expectDirectory(names: readonly string[]): Ext4Plan {
  return withImage((image) => {
    const plan = image.finish(directory({ d: directoryOf(filesNamed(names)) }));
    expectSilentCheck(image.path);
    withMount(image.path, "ro", (mountPoint) => {
      const folder = Buffer.from(join(mountPoint, "d/"));
      const found = readdirSync(folder, { encoding: "buffer" }).map((name) => name.toString("latin1"));
      expect(found.sort()).toEqual([...names].sort());
      const step = Math.ceil(names.length / 3000);
      for (let i = 0; i < names.length; i += step) {
        expect(existsSync(Buffer.concat([folder, Buffer.from(names[i] ?? "", "latin1")]))).toBe(true);
      }
      expect(existsSync(Buffer.concat([folder, Buffer.from("not there")]))).toBe(false);
    });
    return plan;
  });
}

function blocksOfDirectory(plan: Ext4Plan): number | undefined {
  return [...plan.namespace.inodes].find(({ name }) => name === "d")?.directory?.blocks;
}

/** A block has 4,084 bytes for entries; "." and ".." take 24, a name of 252 bytes takes 260. */
const FILLING = [...numbered(15, (i) => `${i}`.padStart(252, "f")), "r".repeat(148)];

testWith(
  ["loop mount", "e2fsck"],
  "entries that fill one block to the last byte are a linear directory",
  () => {
    expect(blocksOfDirectory(expectDirectory(FILLING))).toBe(1);
  },
);

testWith(["loop mount", "e2fsck"], "one byte more makes an index with two leaves", () => {
  expect(blocksOfDirectory(expectDirectory([...FILLING.slice(0, -1), "r".repeat(153)]))).toBe(3);
});

testWith(
  ["loop mount", "e2fsck"],
  "thousands of entries, names beyond ASCII among them, are found by their hashes",
  () => {
    expectDirectory(numbered(5000, (i) => `\xe9\xff-${i}-${"\xc3\xa4".repeat(i % 30)}`));
  },
);

test("a directory that two levels of index do not reach is a limit with its path", async () => {
  const names = numbered(100, (i) => `${i}`.padEnd(250, "-long"));
  const layOut = (rootLimit: number) => () => {
    const room = { entries: 4084, rootLimit, nodeLimit: 2 };
    const demand = { hash: directoryHash(OPTIONS.hashSeed, "signed"), room, minimumBlocks: 1 };
    const entries = finished(sortedEntries(filesNamed(names)));
    return finished(layOutDirectory(entries, demand, () => "/crowded"));
  };
  // 12 entries to a leaf: 9 leaves, so 5 nodes of two.
  expect(layOut(5)().index?.nodes).toBe(5);
  await expectError(
    layOut(4),
    "E_FILESYSTEM_LIMIT",
    "/crowded: a directory of 100 entries",
    "several directories",
  );
});

testWith(["loop mount", "e2fsck", "debugfs"], "an index whose root is full has a second level", () => {
  const plan = expectDirectory(numbered(9000, (i) => `${i}`.padEnd(250, "-long")));
  const leaves = [...plan.namespace.inodes].find(({ name }) => name === "d")?.directory?.index;
  expect(leaves?.leafHashes.length).toBeGreaterThan(507);
  expect(leaves?.nodes).toBe(2);
});

testWith(["loop mount", "e2fsck"], "a directory may have 200,000 entries", () => {
  expectDirectory(numbered(200_000, (i) => `entry-number-${i}`));
});

/** Names with one and the same hash, found by trying. */
function collidingNames(count: number, length: number): string[] {
  const hash = directoryHash(OPTIONS.hashSeed, "signed");
  const byHash = new Map<number, string[]>();
  for (let i = 0; ; i++) {
    const name = `${i}`.padStart(length, "collision-");
    const names = byHash.get(hash(name)) ?? [];
    names.push(name);
    if (names.length === count) return names;
    byHash.set(hash(name), names);
  }
}

testWith(["loop mount", "e2fsck"], "names of equal hash are found on both sides of a leaf's end", () => {
  const colliding = collidingNames(2, 240);
  const hash = directoryHash(OPTIONS.hashSeed, "signed");
  const target = hash(colliding[0] ?? "");
  // A leaf is filled with 13 names of this length: with 12 hashes below, the pair is split.
  const lower: string[] = [];
  const upper: string[] = [];
  for (let i = 0; lower.length < 12 || upper.length < 12; i++) {
    const name = `${i}`.padStart(240, "other-");
    const side = hash(name) < target ? lower : upper;
    if (side.length < 12 && hash(name) !== target) side.push(name);
  }
  const plan = expectDirectory([...colliding, ...lower, ...upper]);
  const index = [...plan.namespace.inodes].find(({ name }) => name === "d")?.directory?.index;
  expect(index?.leafHashes).toContain(target + 1);
});

testWith(
  ["loop mount", "e2fsck"],
  "a directory of more than 64,999 subdirectories has a link count of 1",
  () => {
    withImage((image) => {
      const entries = new Map<string, Inode>();
      for (let i = 0; i < 65_000; i++) entries.set(`d${i}`, directory());
      image.finish(
        directory({ d: directoryOf(entries), e: directoryOf(new Map([...subdirectories(64_997)])) }),
      );
      expectSilentCheck(image.path);
      withMount(image.path, "ro", (mountPoint) => {
        expect(lstatSync(join(mountPoint, "d")).nlink).toBe(1);
        expect(lstatSync(join(mountPoint, "e")).nlink).toBe(64_999);
      });
    });
  },
);

function* subdirectories(count: number): Generator<[string, Inode]> {
  for (let i = 0; i < count; i++) yield [`e${i}`, directory()];
}

testWith(["loop mount", "e2fsck"], "a tree of 3,000 levels is walked without the call stack", () => {
  withImage((image) => {
    let root = directory({ bottom: emptyFile() });
    for (let i = 0; i < 3000; i++) root = directory({ d: root });
    image.finish(root);
    expectSilentCheck(image.path);
  });
});

testWith(["debugfs", "e2fsck"], "lost+found is inode 11 with four blocks, made or the tree's own", () => {
  for (const root of [
    directory({ z: emptyFile() }),
    directory({ a: directory(), "lost+found": directory({ x: emptyFile() }) }),
  ]) {
    withImage((image) => {
      image.finish(root);
      expectSilentCheck(image.path);
      const said = runOk("debugfs", ["-R", "stat <11>", image.path]);
      expect(said).toContain("Size: 16384");
      expect(runOk("debugfs", ["-R", "ncheck 11", image.path])).toContain("/lost+found");
    });
  }
});

testWith(["debugfs", "e2fsck"], "without lost+found, inode 11 is the first of the tree", () => {
  withImage((image) => {
    image.finish(directory({ a: emptyFile() }), { lostAndFound: false });
    expectSilentCheck(image.path);
    expect(runOk("debugfs", ["-R", "ncheck 11", image.path])).toMatch(/^11\s+\/+a$/m);
  });
});

test("inodes are numbered depth-first in byte order of names, whatever the order of the map", () => {
  withImage((image) => {
    const root = directory({
      b: emptyFile(),
      "\xff": emptyFile(),
      a: directory({ z: emptyFile(), A: emptyFile() }),
    });
    const { namespace } = image.finish(root, { lostAndFound: false });
    expect([...namespace.inodes].map(({ name }) => name)).toEqual(["", "a", "A", "z", "b", "\xff"]);
  });
});
