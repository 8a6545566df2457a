import type { Directory, Inode, Metadata, Timestamp, Xattr } from "../tree/inode.ts";
import { NO_XATTRS } from "../tree/inode.ts";
import { directoryOf, type LayerTarget } from "../tree/layer-tree.ts";

/** Entries to a batch: enough that sending one costs little beside making it. */
const BATCH_ENTRIES = 512;

/** Seconds and nanoseconds of mtime, then of atime and ctime if they differ from it. */
type Times = readonly number[];
type Attributes = readonly [mode: number, uid: number, gid: number, times: Times, xattrs: readonly string[]];

/** An inode as plain values: what is its type's own, then what every inode has. */
type InodeRecord =
  | readonly ["file", size: number, extents: readonly number[], Attributes]
  | readonly ["directory", Attributes]
  | readonly ["symlink", target: string, Attributes]
  | readonly ["char" | "block", major: number, minor: number, Attributes]
  | readonly ["fifo" | "socket", Attributes];

type EntryRecord =
  | readonly ["add", path: string, inode: InodeRecord]
  | readonly ["link", path: string, target: string]
  | readonly ["whiteout", path: string];

/**
 * A layer's entries on their way to another thread. They travel as JSON: a string is copied once, where the structured
 * clone of so many small objects costs more than making them did.
 */
export class EntryBatch implements LayerTarget {
  readonly name: string;
  readonly #send: (batch: string) => void;
  #records: EntryRecord[] = [];

  constructor(name: string, send: (batch: string) => void) {
    this.name = name;
    this.#send = send;
  }

  add(path: string, inode: Inode): void {
    this.#push(["add", path, inodeRecord(inode)]);
  }

  link(path: string, target: string): void {
    this.#push(["link", path, target]);
  }

  whiteout(path: string): void {
    this.#push(["whiteout", path]);
  }

  /** Sends what is left. */
  flush(): void {
    if (this.#records.length === 0) return;
    this.#send(JSON.stringify(this.#records));
    this.#records = [];
  }

  #push(record: EntryRecord): void {
    if (this.#records.push(record) === BATCH_ENTRIES) this.flush();
  }
}

/** Gives a batch's entries to `target`, in their order. */
export function replayBatch(batch: string, target: LayerTarget): void {
  const inodes = new InodeReader();
  for (const record of JSON.parse(batch) as EntryRecord[]) {
    if (record[0] === "add") target.add(record[1], inodes.read(record[2]));
    else if (record[0] === "link") target.link(record[1], record[2]);
    else target.whiteout(record[1]);
  }
}

function inodeRecord(inode: Inode): InodeRecord {
  const attributes = attributesOf(inode.metadata);
  switch (inode.type) {
    case "file": {
      const extents = inode.extents.flatMap(({ logical, physical, length }) => [logical, physical, length]);
      return ["file", inode.size, extents, attributes];
    }
    case "symlink":
      return ["symlink", inode.target, attributes];
    case "char":
    case "block":
      return [inode.type, inode.major, inode.minor, attributes];
    default:
      return [inode.type, attributes];
  }
}

function attributesOf({ mode, uid, gid, mtime, atime, ctime, xattrs }: Metadata): Attributes {
  const times = atime === mtime && ctime === mtime ? [mtime] : [mtime, atime, ctime];
  const numbers = times.flatMap(({ seconds, nanoseconds }) => [seconds, nanoseconds]);
  return [mode, uid, gid, numbers, xattrs.flatMap(({ name, value }) => [name, latin1(value)])];
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Makes inodes of records again; equal times in a row share one object, as they did. */
class InodeReader {
  #last: Timestamp = { seconds: 0, nanoseconds: 0 };

  read(record: InodeRecord): Inode {
    switch (record[0]) {
      case "file":
        return {
          type: "file",
          size: record[1],
          extents: triples(record[2]),
          metadata: this.#metadata(record[3]),
        };
      case "directory":
        return this.#directory(record[1]);
      case "symlink":
        return { type: "symlink", target: record[1], metadata: this.#metadata(record[2]) };
      case "char":
      case "block":
        return { type: record[0], major: record[1], minor: record[2], metadata: this.#metadata(record[3]) };
      default:
        return { type: record[0], metadata: this.#metadata(record[1]) };
    }
  }

  #directory(attributes: Attributes): Directory {
    return directoryOf(this.#metadata(attributes));
  }

  #metadata([mode, uid, gid, times, xattrs]: Attributes): Metadata {
    const mtime = this.#time(times, 0);
    const [atime, ctime] = times.length === 2 ? [mtime, mtime] : [this.#time(times, 2), this.#time(times, 4)];
    return { mode, uid, gid, mtime, atime, ctime, xattrs: xattrs.length === 0 ? NO_XATTRS : pairs(xattrs) };
  }

  #time(numbers: Times, at: number): Timestamp {
    const [seconds = 0, nanoseconds = 0] = [numbers[at], numbers[at + 1]];
    const last = this.#last;
    if (last.seconds !== seconds || last.nanoseconds !== nanoseconds) this.#last = { seconds, nanoseconds };
    return this.#last;
  }
}

function triples(numbers: readonly number[]) {
  return Array.from({ length: numbers.length / 3 }, (_, i) => ({
    logical: numbers[3 * i] ?? 0,
    physical: numbers[3 * i + 1] ?? 0,
    length: numbers[3 * i + 2] ?? 0,
  }));
}

function pairs(strings: readonly string[]): Xattr[] {
  return Array.from({ length: strings.length / 2 }, (_, i) => ({
    name: strings[2 * i] ?? "",
    value: Buffer.from(strings[2 * i + 1] ?? "", "latin1"),
  }));
}
