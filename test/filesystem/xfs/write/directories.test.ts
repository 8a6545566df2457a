/** Directories at the borders between their forms: inside the inode, one block, one leaf, leaves below nodes. */
import { expect, test } from "bun:test";
import { nameHash } from "../../../../src/filesystem/xfs/format/name-hash.ts";
import type { Directory, Inode } from "../../../../src/tree/inode.ts";
import { testWith } from "../../../support/oracles.ts";
import {
  device,
  directory,
  directoryOf,
  emptyFile,
  special,
  symlink,
  xattr,
} from "../../ext4/write/images.ts";
import { type Image, withImage } from "./images.ts";
import { expectAsItIs, expectShown } from "./mounting.ts";

const ORACLES = ["xfs_repair", "xfs_db", "loop mount", "getfattr"] as const;

/** So many empty files with names of so many bytes. */
function files(count: number, length: number): Map<string, Inode> {
  return new Map(Array.from({ length: count }, (_, i) => [`${i}`.padStart(length, "n"), emptyFile()]));
}

/** The root's entries are directories: their forms, by name. */
function formsOf(image: Image, root: Directory): Record<string, string> {
  const forms: Record<string, string> = {};
  for (const { directory: layout, parent, name } of image.finish(root).namespace) {
    if (layout === undefined || parent !== 0 || name === "") continue;
    const { blocks } = layout;
    if (blocks === undefined) forms[name] = "short";
    else if (blocks.index === undefined) forms[name] = "block";
    else if (blocks.index.freeBlocks === 0) forms[name] = `leaf, ${blocks.data} data`;
    else forms[name] = `node, ${blocks.data} data, ${blocks.index.leaves.leaves} leaves`;
  }
  return forms;
}

testWith(ORACLES, "a directory goes to the next form with its first byte too many", () => {
  withImage((image) => {
    const short = (last: number) => directoryOf(files(18, 9).set("l".repeat(last), emptyFile()));
    const block = (last: number) => directoryOf(files(123, 12).set("l".repeat(last), emptyFile()));
    const root = directory({
      empty: directory(),
      "336 bytes": short(16),
      "337 bytes": short(17),
      "a full block": block(20),
      "8 bytes more": block(21),
      "494 long": directoryOf(files(492, 255)),
      "495 long": directoryOf(files(493, 255)),
      "503 short": directoryOf(files(501, 4)),
      "504 short": directoryOf(files(502, 4)),
      "505 short": directoryOf(files(503, 4)),
      "806 entries": directoryOf(files(804, 30)),
      "807 entries": directoryOf(files(805, 30)),
    });
    expect(formsOf(image, root)).toEqual({
      empty: "short",
      "336 bytes": "short",
      "337 bytes": "block",
      "a full block": "block",
      "8 bytes more": "leaf, 1 data",
      "494 long": "leaf, 36 data",
      "495 long": "node, 36 data, 1 leaves",
      "503 short": "leaf, 2 data",
      "504 short": "node, 2 data, 1 leaves",
      "505 short": "node, 3 data, 2 leaves",
      "806 entries": "node, 10 data, 2 leaves",
      "807 entries": "node, 10 data, 3 leaves",
    });
    expectAsItIs(image.path, root);
  });
});

testWith(ORACLES, "beside attributes there is less room inside the inode", () => {
  withImage((image) => {
    const attributed = (bytes: number) => ({ xattrs: [xattr("user.a", "v".repeat(bytes))] });
    const entries = (): Map<string, Inode> => files(6, 9);
    const root = directory({
      // 6 entries take 108 bytes; attributes of 8 + v bytes are rounded up to 8.
      fits: directoryOf(entries(), attributed(216)),
      "fits not": directoryOf(entries(), attributed(217)),
      "outside, 192": directoryOf(files(10, 9).set("l".repeat(8), emptyFile()), attributed(300)),
      "outside, 193": directoryOf(files(10, 9).set("l".repeat(9), emptyFile()), attributed(300)),
      "outside, 296": directoryOf(files(16, 9).set("l".repeat(10), emptyFile()), attributed(300)),
      "outside, 297": directoryOf(files(16, 9).set("l".repeat(11), emptyFile()), attributed(300)),
    });
    expect(formsOf(image, root)).toEqual({
      fits: "short",
      "fits not": "block",
      "outside, 192": "short",
      "outside, 193": "short",
      "outside, 296": "short",
      "outside, 297": "block",
    });
    expectAsItIs(image.path, root);
  });
});

/** Names of one hash: of each four bytes the last two can be changed so that they cancel out. */
function colliding(bits: number): string[] {
  return Array.from({ length: 2 ** bits }, (_, n) =>
    Array.from({ length: bits }, (_, bit) => ((n >> bit) & 1 ? "ab\x62\x41" : "ab\x63\xc1")).join(""),
  );
}

testWith(ORACLES, "names of one hash lie in two leaves, and each is found", () => {
  withImage((image) => {
    const names = colliding(10);
    expect(new Set(names).size).toBe(1024);
    expect(new Set(names.map(nameHash)).size).toBe(1);
    const same = (count: number) => names.slice(0, count).map((name) => [name, emptyFile()] as const);
    const root = directory({
      some: directoryOf(new Map(same(40))),
      "among others": directoryOf(new Map([...files(400, 50), ...same(300)])),
    });
    image.finish(root);
    expectAsItIs(image.path, root);
    // More than fill a leaf the kernel takes, too, though not xfs_repair: there nobody's names are like that.
    const all = directory({ all: directoryOf(new Map(same(1024))) });
    image.finish(all);
    expectShown(image.path, all);
  });
});

testWith(ORACLES, "20,000 names, of every type of file", () => {
  withImage((image) => {
    const kinds: (() => Inode)[] = [
      () => emptyFile(),
      () => directory(),
      () => symlink("target"),
      () => device("char", 1, 3),
      () => special("fifo"),
      () => special("socket"),
    ];
    const many = new Map<string, Inode>();
    for (let i = 0; i < 20_000; i++) {
      many.set(`a name, ${i} `.repeat(1 + (i % 7)), (kinds[i % 6] as () => Inode)());
    }
    const root = directory({
      many: directoryOf(many),
      deep: directory({ er: directory({ still: directory() }) }),
    });
    image.finish(root);
    expectAsItIs(image.path, root);
  });
});

test("a directory has as few blocks of each kind as hold it", () => {
  withImage((image) => {
    const plan = image.plan(directory({ many: directoryOf(files(5000, 20)) }));
    const blocks = plan.namespace.at(1)?.directory?.blocks;
    expect(blocks).toMatchObject({ data: 40, index: { freeBlocks: 1, leaves: { leaves: 13, levels: [1] } } });
  });
});
