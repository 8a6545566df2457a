/** A tree with every kind of inode, and what the kernel shows of it. */
import { expect } from "bun:test";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Directory, Inode, RegularFile, Timestamp } from "../../../../src/tree/inode.ts";
import { MODE_TYPE } from "../../../../src/tree/mode.ts";
import { device, directory, emptyFile, type Image, special, symlink } from "./images.ts";

const EARLY: Timestamp = { seconds: -(2 ** 31), nanoseconds: 999_999_999 };
const BEFORE_EPOCH: Timestamp = { seconds: -1000, nanoseconds: 5 };
const AFTER_2038: Timestamp = { seconds: 2 ** 31, nanoseconds: 1 };
const LATE: Timestamp = { seconds: 2 ** 34 - 2 ** 31 - 1, nanoseconds: 999_999_999 };

export function everything(image: Pick<Image, "file" | "scattered">): Directory {
  const hard = image.file("one file, three names");
  return directory(
    {
      empty: emptyFile({ mode: 0o4755 }),
      text: image.file("hello, world\n", { mode: 0o640, uid: 3_000_000_000, gid: 70_000 }),
      big: image.file(Buffer.alloc(300_001, "0123456789abcdef"), {
        mtime: EARLY,
        atime: LATE,
        ctime: AFTER_2038,
      }),
      holes: image.scattered(700),
      hard,
      "old-time": emptyFile({ mtime: BEFORE_EPOCH, atime: EARLY, ctime: BEFORE_EPOCH }),
      fifo: special("fifo"),
      socket: special("socket"),
      null: device("char", 1, 3),
      edge: device("block", 255, 255),
      "large-minor": device("block", 8, 256),
      "large-both": device("char", 4095, 1_048_575),
      "link-59": symlink("a".repeat(59)),
      "link-60": symlink("b".repeat(60)),
      "link-4095": symlink("c".repeat(4095)),
      "link-bytes": symlink("caf\xe9/\xff\xfe"),
      sub: directory({ again: hard, "and more": directory({ hard }) }, { mode: 0o1777, uid: 65_536 }),
      "\xff\xfe\x01 name": emptyFile(),
      ["n".repeat(255)]: emptyFile(),
    },
    { mode: 0o751, gid: 99 },
  );
}

/** Fails unless the inode at `path` and all below it are as in the tree. */
export function expectSame(path: Buffer, node: Inode): void {
  const stat = lstatSync(path, { bigint: true });
  const { metadata } = node;
  expect({
    path: path.toString("latin1"),
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: stat.mtimeNs,
    atime: stat.atimeNs,
    ctime: stat.ctimeNs,
    birthtime: stat.birthtimeNs,
  }).toEqual({
    path: path.toString("latin1"),
    mode: MODE_TYPE[node.type] | metadata.mode,
    uid: metadata.uid,
    gid: metadata.gid,
    mtime: nanoseconds(metadata.mtime),
    atime: nanoseconds(metadata.atime),
    ctime: nanoseconds(metadata.ctime),
    birthtime: nanoseconds(metadata.mtime),
  });
  expectSameContents(path, node);
}

function expectSameContents(path: Buffer, node: Inode): void {
  const stat = lstatSync(path);
  if (node.type === "file") {
    expect(stat.size).toBe(node.size);
    expectSameBytes(readFileSync(path), node);
  } else if (node.type === "symlink") {
    expect(readlinkSync(path, { encoding: "buffer" }).toString("latin1")).toBe(node.target);
  } else if (node.type === "char" || node.type === "block") {
    // makedev(3): 12 bits of major above 8 of minor, the other minor bits above.
    expect(stat.rdev).toBe((node.minor & 0xff) + (node.major << 8) + (node.minor >> 8) * 2 ** 20);
  } else if (node.type === "directory") {
    const names = readdirSync(path, { encoding: "buffer" }).map((name) => name.toString("latin1"));
    expect(names.sort()).toEqual([...node.entries.keys()].sort());
    const directories = [...node.entries.values()].filter(({ type }) => type === "directory").length;
    expect(stat.nlink).toBe(2 + directories);
    for (const [name, child] of node.entries)
      expectSame(Buffer.concat([path, Buffer.from(`/${name}`, "latin1")]), child);
  }
}

/** Holes read as zeros, and every block with contents begins as the test wrote it. */
function expectSameBytes(bytes: Buffer, file: RegularFile): void {
  const isScattered = file.extents.length > 1 && file.extents[1]?.logical === 2;
  if (!isScattered) {
    expect(bytes.includes(0)).toBe(false);
    return;
  }
  for (const [i, { logical }] of file.extents.entries()) {
    const text = `block ${i} of the file`;
    expect(bytes.toString("latin1", logical * 4096, logical * 4096 + text.length)).toBe(text);
    expect(
      bytes.subarray(logical * 4096 + text.length, (logical + 2) * 4096).every((byte) => byte === 0),
    ).toBe(true);
  }
}

function nanoseconds(time: Timestamp): bigint {
  return BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanoseconds);
}
