/** Copies files out of a filesystem into a folder. */

import { Destination, type LeftOut } from "./destination.ts";
import type { Filesystem, TypedInode } from "./filesystem.ts";
import { joined, walk } from "./walk.ts";

export type { LeftOut };

/** What an extraction did, and what it could not. */
export interface Extraction {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  /** Further names of files that were extracted. */
  readonly links: number;
  /** Of contents, holes not counted. */
  readonly bytes: number;
  /** Files that are not there, by path below where the extraction began. */
  readonly leftOut: readonly LeftOut[];
  /** Files that are there without their owner, their setuid or setgid bits, or their extended attributes. */
  readonly withoutOwner: number;
  readonly withoutSetuid: number;
  readonly withoutXattrs: number;
}

/**
 * Extracts what is at `path` into the folder `destination`, which is made, or must be empty: a directory's contents,
 * or one file under its own name. Everything is newly made in a folder that this made before, so nothing that the
 * image says leads out. Modes and times are kept, owners as far as the process may; device nodes, sockets, pipes and
 * what cannot be made are left out and reported. Throws E_PATH_NOT_FOUND, E_OUTPUT_EXISTS, E_NO_SPACE and E_IO, and
 * what reading throws.
 */
export function extract(filesystem: Filesystem, path: string, destination: string): Extraction {
  const top = filesystem.lookup(path);
  const target = new Destination(filesystem, destination);
  if (top.type === "directory") {
    target.adopt(top);
    extractBelow(filesystem, top, target);
  } else {
    // The name that was asked for, also if it was a symlink's.
    const name = path.split("/").at(-1) ?? "";
    target.make("", name, top);
  }
  target.finish();
  return target.report();
}

function extractBelow(filesystem: Filesystem, top: TypedInode, target: Destination): void {
  // What is below a directory that could not be made is left out with it.
  const skipped = new Set<string>();
  for (const { directory, name, inode } of walk(filesystem, top, true)) {
    const path = joined(directory, name);
    const made = !skipped.has(directory) && target.make(directory, name, inode);
    if (!made && inode.type === "directory") skipped.add(path);
  }
}
