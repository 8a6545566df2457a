/** Paths inside the filesystem, symlinks and all. */
import { Docker2vmError } from "../errors.ts";
import { EXT4_ROOT_INO } from "../ext4/format/inode.ts";
import { displayPath } from "../tree/path.ts";
import type { Steps } from "../waiting/steps.ts";
import { directoryEntries } from "./directory.ts";
import { type FileInode, hasFlag, readInode } from "./inode.ts";
import { readSymlink } from "./symlink.ts";
import type { Volume } from "./volume.ts";

/** As many as the kernel follows (MAXSYMLINKS). */
const MAXIMUM_SYMLINKS = 40;

/**
 * The inode at `path` (bytes, one character each), which begins at the root whether it says so or not. Nothing leads
 * out of the root: above it is itself. Throws E_PATH_NOT_FOUND, and E_UNSUPPORTED for names whose case does not count.
 * @param follow whether a symlink at the very end is followed
 */
export function* lookup(volume: Volume, path: string, follow: boolean): Steps<FileInode> {
  const root = readInode(volume, EXT4_ROOT_INO);
  // The way that led here; nothing on disk is asked what lies above.
  const parents: FileInode[] = [];
  let here = root;
  let symlinks = 0;
  const left = path.split("/").reverse();
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (here.type !== "directory") throw notFound(path, "has a file where a directory is needed");
    if (name === "" || name === ".") continue;
    if (name === "..") {
      here = parents.pop() ?? root;
      continue;
    }
    const child = yield* childOf(volume, here, name, path);
    if (child.type !== "symlink" || (left.length === 0 && !follow)) {
      parents.push(here);
      here = child;
      continue;
    }
    symlinks++;
    if (symlinks > MAXIMUM_SYMLINKS)
      throw notFound(path, `leads through more than ${MAXIMUM_SYMLINKS} symlinks`);
    const target = readSymlink(volume, child);
    if (target.startsWith("/")) {
      here = root;
      parents.length = 0;
    }
    left.push(...target.split("/").reverse());
  }
  return here;
}

function* childOf(volume: Volume, directory: FileInode, name: string, path: string): Steps<FileInode> {
  if (hasFlag(directory, "casefold")) {
    throw new Docker2vmError("E_UNSUPPORTED", `${displayPath(path)}: a directory on the way ignores case`, {
      hint: "list or extract that directory as a whole",
    });
  }
  for (const entry of directoryEntries(volume, directory)) {
    if (entry === undefined) yield;
    else if (entry.name === name) return readInode(volume, entry.inode);
  }
  throw notFound(path, "is not in the filesystem");
}

function notFound(path: string, what: string): Docker2vmError {
  return new Docker2vmError("E_PATH_NOT_FOUND", `${displayPath(path)} ${what}`, {
    hint: "'docker2vm ls IMAGE PATH' tells what is there",
  });
}
