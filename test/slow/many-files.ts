/** Small files by the million, for images that are built in a process of their own so that its memory can be measured. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { BLOCK_SIZE, type Run } from "../../src/blocks/blocks.ts";
import type { WrittenBlocks } from "../../src/blocks/content-space.ts";
import type { Piece } from "../../src/blocks/piece-buffer.ts";
import { type Directory, directoryOf, type Inode, type Metadata } from "../../src/tree/inode.ts";
import { placedFile } from "../../src/tree/placed-file.ts";

const FILES_PER_DIRECTORY = 1000;
export const FILE_BYTES = 1000;

function metadata(seconds: number): Metadata {
  const time = { seconds, nanoseconds: seconds % 1000 };
  return { mode: 0o644, uid: 0, gid: 0, mtime: time, atime: time, ctime: time, xattrs: [] };
}

/** So many files, each as `file` makes it. */
export function manyFiles(count: number, file: (metadata: Metadata) => Inode): Directory {
  const root = directoryOf(metadata(0));
  for (let first = 0; first < count; first += FILES_PER_DIRECTORY) {
    const folder = directoryOf(metadata(first));
    root.entries.set(`directory-${first}`, folder);
    for (let i = first; i < Math.min(first + FILES_PER_DIRECTORY, count); i++) {
      folder.entries.set(`a-small-file-${i}.txt`, file(metadata(i)));
    }
  }
  return root;
}

/** Contents of one block each, zeros that are never written, where nothing must stay free. */
export class BlockFiles {
  readonly #reservedAfter: (block: number) => Run;
  readonly #written: Run[] = [];
  #next = 0;
  #reserved: Run;
  #first = 0;

  constructor(reservedAfter: (block: number) => Run) {
    this.#reservedAfter = reservedAfter;
    this.#reserved = reservedAfter(0);
  }

  readonly file = (own: Metadata): Inode => {
    if (this.#next === this.#reserved.start) this.#pass();
    const extents = [{ logical: 0, physical: this.#next++, length: 1 }];
    return placedFile(own, FILE_BYTES, { extents });
  };

  #pass(): void {
    this.#end();
    this.#next += this.#reserved.length;
    this.#first = this.#next;
    this.#reserved = this.#reservedAfter(this.#next);
  }

  #end(): void {
    if (this.#next > this.#first)
      this.#written.push({ start: this.#first, length: this.#next - this.#first });
  }

  /** What became of the blocks; to be asked for once, at the end. */
  get contents(): WrittenBlocks {
    this.#end();
    return { end: this.#next, written: this.#written };
  }
}

/** Writes an image whose contents are all zeros: these may move by not being written. */
export function writeImage(path: string, pieces: Iterable<Piece>, blocks: number): void {
  const fd = openSync(path, "w");
  for (const { position, bytes } of pieces) writeSync(fd, bytes, 0, bytes.length, position);
  ftruncateSync(fd, blocks * BLOCK_SIZE);
  closeSync(fd);
}

/** Prints this process's peak. Not by getrusage(2): what it has for a process begins with the size of its parent. */
export function printPeak(): void {
  const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
  console.log(Number(peak) * 1024);
}
