/** All files below a directory. */
import { broken } from "./broken.ts";
import type { Filesystem, TypedInode } from "./filesystem.ts";
import { inodeName } from "./inode.ts";

/** A file that a walk came to. */
export interface WalkedFile {
  /** Of the directory that it is in: names as bytes, joined by "/"; "" for where the walk began. */
  readonly directory: string;
  readonly name: string;
  readonly inode: TypedInode;
}

/**
 * The files of a directory by name, each directory before what is in it. Throws E_INVALID_FILESYSTEM for a directory
 * that is in two places, which would let a walk go on for ever.
 */
export function* walk(
  filesystem: Filesystem,
  top: TypedInode,
  recursive: boolean,
): Generator<WalkedFile, void> {
  const seen = new Set([top.number]);
  const waiting = filesOf(filesystem, "", top);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    yield file;
    const { directory, name, inode } = file;
    if (!recursive || inode.type !== "directory") continue;
    if (seen.has(inode.number)) throw broken(inodeName(inode.number), "the directory is in two places");
    seen.add(inode.number);
    for (const child of filesOf(filesystem, joined(directory, name), inode)) waiting.push(child);
  }
}

/** `directory/name`, where neither has to be there. */
export function joined(directory: string, name: string): string {
  return directory === "" || name === "" ? directory + name : `${directory}/${name}`;
}

/** Last name first, to be taken from the end. */
function filesOf(filesystem: Filesystem, directory: string, inode: TypedInode): WalkedFile[] {
  const entries = [...filesystem.entries(inode)].sort((a, b) => (a.name < b.name ? 1 : -1));
  return entries.map((entry) => ({ directory, name: entry.name, inode: filesystem.inode(entry.inode) }));
}
