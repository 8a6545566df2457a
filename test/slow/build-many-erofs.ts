/** Run by itself, so that its memory can be measured: an EROFS of so many small files at a path. Prints its peak RSS. */
import { readFileSync } from "node:fs";
import type { Directory, Inode } from "../../src/tree/inode.ts";
import { ErofsImage } from "../filesystem/erofs/write/images.ts";
import { directoryOf } from "../filesystem/ext4/write/images.ts";

const FILES_PER_DIRECTORY = 1000;

const [path = "", count = ""] = process.argv.slice(2);
const image = new ErofsImage({ path });
const bytes = new Uint8Array(1000);
const root: Directory = directoryOf(new Map());
for (let first = 0; first < Number(count); first += FILES_PER_DIRECTORY) {
  const entries = new Map<string, Inode>();
  for (let i = first; i < Math.min(first + FILES_PER_DIRECTORY, Number(count)); i++) {
    const time = { seconds: i, nanoseconds: i % 1000 };
    const times = { mtime: time, atime: time, ctime: time };
    const metadata = { mode: 0o644, uid: 0, gid: 0, ...times, xattrs: [] };
    entries.set(`a-small-file-${i}.txt`, image.store(bytes.length, [{ offset: 0, bytes }], metadata));
  }
  root.entries.set(`directory-${first}`, directoryOf(entries));
}
image.finish(root);
image.close();
// Not by getrusage(2): what it has for a process begins with the size of the one that started it.
const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
console.log(Number(peak) * 1024);
