/** All files below a directory. */

import { sortedByName } from "../../waiting/sorted.ts";
import type { Paused, Steps } from "../../waiting/steps.ts";
import { atPath, brokenFilesystem } from "./broken.ts";
import { type DirectoryEntry, inodeName, type ReadableFilesystem, type TypedInode } from "./filesystem.ts";

/**
 * A directory of a walk. It knows its name and the directory that it is in; the path is made when it is wanted, since
 * paths of all directories on the way down to a deep one take the square of its depth.
 */
export class Folder {
  /** 0 where the walk began. */
  readonly depth: number;
  readonly #parent: Folder | undefined;
  readonly #name: string;

  constructor(parent?: Folder, name = "") {
    this.#parent = parent;
    this.#name = name;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** The path of a file in it, from where the walk began: names as bytes, joined by "/". */
  pathOf(name: string): string {
    const names = [name];
    for (let folder: Folder = this; folder.#parent !== undefined; folder = folder.#parent) {
      names.push(folder.#name);
    }
    return names.reverse().join("/");
  }
}

/** Where a file is. */
export interface Place {
  readonly folder: Folder;
  readonly name: string;
}

/** A file that a walk came to. */
export interface WalkedFile<Node extends TypedInode = TypedInode> extends Place {
  readonly inode: Node;
  /** Whether the directory has the name twice, and this is not the first. */
  readonly again: boolean;
}

export function pathOf({ folder, name }: Place): string {
  return folder.pathOf(name);
}

/** A directory whose files are being walked. */
interface Level {
  readonly folder: Folder;
  readonly entries: readonly DirectoryEntry[];
  next: number;
}

/**
 * The files of a directory by name, each directory before what is in it. Throws E_INVALID_FILESYSTEM for a directory
 * that is in two places, which would let a walk go on for ever.
 * @param enter asked of each directory once it was handed over: whether what is in it comes, too
 */
export function* walk<Node extends TypedInode>(
  filesystem: ReadableFilesystem<Node>,
  top: Node,
  enter: (file: WalkedFile<Node>) => boolean,
): Paused<WalkedFile<Node>> {
  const seen = new Set([top.number]);
  const levels = [yield* levelOf(filesystem, new Folder(), top)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const file = nextFile(filesystem, level);
    if (file === undefined) {
      levels.pop();
      continue;
    }
    yield file;
    const { folder, name, inode } = file;
    if (inode.type !== "directory" || !enter(file)) continue;
    if (seen.has(inode.number))
      throw brokenFilesystem(inodeName(inode.number), "the directory is in two places", filesystem.repair);
    seen.add(inode.number);
    levels.push(yield* levelOf(filesystem, new Folder(folder, name), inode));
  }
}

function* levelOf(filesystem: ReadableFilesystem, folder: Folder, inode: TypedInode): Steps<Level> {
  const entries: DirectoryEntry[] = [];
  try {
    for (const entry of filesystem.entries(inode)) {
      if (entry === undefined) yield;
      else entries.push(entry);
    }
  } catch (error) {
    throw atPath(error, folder.pathOf(""));
  }
  return { folder, entries: yield* sortedByName(entries), next: 0 };
}

function nextFile<Node extends TypedInode>(
  filesystem: ReadableFilesystem<Node>,
  level: Level,
): WalkedFile<Node> | undefined {
  const { folder, entries } = level;
  const entry = entries[level.next];
  if (entry === undefined) return undefined;
  const again = entries[level.next - 1]?.name === entry.name;
  level.next++;
  try {
    return { folder, name: entry.name, inode: filesystem.inode(entry.inode), again };
  } catch (error) {
    throw atPath(error, folder.pathOf(entry.name));
  }
}
