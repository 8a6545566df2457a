/** Run by itself, so that its memory can be measured: an image of so many small files at a path. Prints its peak RSS. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { BLOCK_SIZE, type Run } from "../../src/blocks/blocks.ts";
import { emitExt4 } from "../../src/filesystem/ext4/write/emit.ts";
import { geometryFor, reservedRunAfter } from "../../src/filesystem/ext4/write/geometry.ts";
import type { Directory, Inode, Metadata } from "../../src/tree/inode.ts";
import { OPTIONS, planExt4 } from "../filesystem/ext4/write/images.ts";

const FILES_PER_DIRECTORY = 1000;

function metadata(seconds: number): Metadata {
  const time = { seconds, nanoseconds: seconds % 1000 };
  return { mode: 0o644, uid: 0, gid: 0, mtime: time, atime: time, ctime: time, xattrs: [] };
}

/** Files of one block each, contents of zeros that are never written. */
function buildTree(count: number, next: () => number): Directory {
  const root: Directory = { type: "directory", metadata: metadata(0), entries: new Map() };
  for (let first = 0; first < count; first += FILES_PER_DIRECTORY) {
    const entries = new Map<string, Inode>();
    for (let i = first; i < Math.min(first + FILES_PER_DIRECTORY, count); i++) {
      const extents = [{ logical: 0, physical: next(), length: 1 }];
      entries.set(`a-small-file-${i}.txt`, { type: "file", metadata: metadata(i), size: 1000, extents });
    }
    root.entries.set(`directory-${first}`, { type: "directory", metadata: metadata(first), entries });
  }
  return root;
}

const [path = "", count = ""] = process.argv.slice(2);
const geometry = geometryFor(2 ** 29);
const written: Run[] = [];
let cursor = 0;
let reserved = reservedRunAfter(geometry, 0);
const root = buildTree(Number(count), () => {
  if (cursor === reserved.start) {
    cursor += reserved.length;
    reserved = reservedRunAfter(geometry, cursor);
    written.push({ start: cursor, length: reserved.start - cursor });
  }
  return cursor++;
});
// The last run ends where contents do.
const last = written.pop();
if (last !== undefined) written.push({ start: last.start, length: cursor - last.start });
const plan = planExt4(root, { geometry, end: cursor, written }, OPTIONS);
const fd = openSync(path, "w");
for (const { position, bytes } of emitExt4(plan)) writeSync(fd, bytes, 0, bytes.length, position);
ftruncateSync(fd, plan.blocks * BLOCK_SIZE);
closeSync(fd);
// Not by getrusage(2): what it has for a process begins with the size of the one that started it.
const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
console.log(Number(peak) * 1024);
