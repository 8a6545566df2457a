import type { Directory, Inode, RegularFile } from "../../tree/inode.ts";
import { sortedNames } from "../../waiting/sorted.ts";
import type { Steps } from "../../waiting/steps.ts";

/**
 * What a name is: "d" a folder, "f" a file, "x" one that somebody may execute, "l" a symlink, "h" one more name of a file
 * that is in the list already, "o" a device, pipe or socket.
 */
export type NameKind = "d" | "f" | "x" | "l" | "h" | "o";

/** A name in the list; its number is its place. */
export interface ListedName {
  /** UTF-8, U+FFFD for what is none; empty for the root. */
  readonly name: string;
  readonly kind: NameKind;
  /** Of a file, where it is counted; else 0. */
  readonly bytes: number;
  readonly parent: number;
  readonly inode: Inode;
}

const ANY_EXECUTES = 0o111;

/** All names of a tree: each folder before what is in it, in the order of the names' bytes. */
export class FileList {
  readonly names: readonly ListedName[];

  constructor(names: readonly ListedName[]) {
    this.names = names;
  }

  /** "/" for the root. */
  pathOf(number: number): string {
    const parts: string[] = [];
    for (let at = number; at > 0; at = this.names[at]?.parent ?? 0) parts.push(this.names[at]?.name ?? "");
    return `/${parts.reverse().join("/")}`;
  }

  /** Regular files, each where it is counted. With a function, for a million turns of a generator leave much behind. */
  forEachFile(visit: (number: number, file: RegularFile) => void): void {
    for (let number = 0; number < this.names.length; number++) {
      const name = this.names[number];
      if (name?.inode.type === "file" && name.kind !== "h") visit(number, name.inode);
    }
  }

  /** For each name what is in it and below, as a sum over files. */
  sums(of: (name: ListedName) => number): Float64Array {
    const sums = new Float64Array(this.names.length);
    for (let number = this.names.length - 1; number >= 0; number--) {
      const name = this.names[number];
      if (name === undefined) continue;
      sums[number] = (sums[number] ?? 0) + of(name);
      if (number > 0) sums[name.parent] = (sums[name.parent] ?? 0) + (sums[number] ?? 0);
    }
    return sums;
  }
}

interface Level {
  readonly directory: Directory;
  readonly number: number;
  readonly names: readonly string[];
  next: number;
}

/** Lists a tree, with pauses. */
export function* listFiles(root: Directory): Steps<FileList> {
  const names: ListedName[] = [{ name: "", kind: "d", bytes: 0, parent: 0, inode: root }];
  const seen = new Set<Inode>();
  const levels: Level[] = [yield* levelOf(root, 0)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.names[level.next++];
    const inode = name === undefined ? undefined : level.directory.entries.get(name);
    if (name === undefined || inode === undefined) {
      levels.pop();
      continue;
    }
    const number = names.length;
    names.push({ ...listed(inode, seen), name: asText(name), parent: level.number, inode });
    if (inode.type === "directory") levels.push(yield* levelOf(inode, number));
    else if (number % 1000 === 0) yield;
  }
  return new FileList(names);
}

function* levelOf(directory: Directory, number: number): Steps<Level> {
  return { directory, number, names: yield* sortedNames(directory.entries.keys()), next: 0 };
}

function listed(inode: Inode, seen: Set<Inode>): { kind: NameKind; bytes: number } {
  if (inode.type === "directory") return { kind: "d", bytes: 0 };
  if (seen.has(inode)) return { kind: "h", bytes: 0 };
  seen.add(inode);
  if (inode.type === "file") {
    return { kind: (inode.metadata.mode & ANY_EXECUTES) === 0 ? "f" : "x", bytes: inode.size };
  }
  return { kind: inode.type === "symlink" ? "l" : "o", bytes: 0 };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a name may have any
const ASCII = /^[\x00-\x7f]*$/;

/** Bytes, one character each, as UTF-8. */
export function asText(bytes: string): string {
  // Nearly all names are: for these nothing is made.
  if (ASCII.test(bytes)) return bytes;
  return Buffer.from(bytes, "latin1").toString("utf8");
}
