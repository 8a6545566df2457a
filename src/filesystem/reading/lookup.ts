/** Paths inside a filesystem, symlinks and all. */
import { Docker2vmError } from "../../errors.ts";
import { displayPath } from "../../tree/path.ts";
import type { Steps } from "../../waiting/steps.ts";
import { atPath } from "./broken.ts";
import type { ReadableFilesystem, TypedInode } from "./filesystem.ts";

/** As many as the kernel follows (MAXSYMLINKS). */
const MAXIMUM_SYMLINKS = 40;

/**
 * The inode at `path` (bytes, one character each), which begins at the root whether it says so or not. Nothing leads
 * out of the root: above it is itself. Throws E_PATH_NOT_FOUND, and what reading throws.
 * @param options.follow whether a symlink at the very end is followed; true if absent
 */
export function* lookup<Node extends TypedInode>(
  filesystem: ReadableFilesystem<Node>,
  path: string,
  { follow = true }: { readonly follow?: boolean } = {},
): Steps<Node> {
  // The way that led here; nothing on disk is asked what lies above.
  const parents: Node[] = [];
  let here = filesystem.root;
  let symlinks = 0;
  const left = path.split("/").reverse();
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (here.type !== "directory") throw notFound(path, "has a file where a directory is needed");
    if (name === "" || name === ".") continue;
    if (name === "..") {
      here = parents.pop() ?? filesystem.root;
      continue;
    }
    const child = yield* childOf(filesystem, here, name, path);
    if (child.type !== "symlink" || (left.length === 0 && !follow)) {
      parents.push(here);
      here = child;
      continue;
    }
    symlinks++;
    if (symlinks > MAXIMUM_SYMLINKS)
      throw notFound(path, `leads through more than ${MAXIMUM_SYMLINKS} symlinks`);
    const target = filesystem.readlink(child);
    if (target.startsWith("/")) {
      here = filesystem.root;
      parents.length = 0;
    }
    left.push(...target.split("/").reverse());
  }
  return here;
}

function* childOf<Node extends TypedInode>(
  filesystem: ReadableFilesystem<Node>,
  directory: Node,
  name: string,
  path: string,
): Steps<Node> {
  try {
    const number = yield* filesystem.find(directory, name);
    if (number !== undefined) return filesystem.inode(number);
  } catch (error) {
    throw atPath(error, path);
  }
  throw notFound(path, "is not in the filesystem");
}

function notFound(path: string, what: string): Docker2vmError {
  return new Docker2vmError("E_PATH_NOT_FOUND", `${displayPath(path)} ${what}`, {
    hint: "'docker2vm ls IMAGE PATH' tells what is there",
  });
}
