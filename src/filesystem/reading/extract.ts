/** Copies files out of a filesystem into a folder. */

import type { Steps } from "../../waiting/steps.ts";
import { Destination, type LeftOut } from "./destination.ts";
import type { ReadableFilesystem, TypedInode } from "./filesystem.ts";
import { lookup } from "./lookup.ts";
import { Folder, walk } from "./walk.ts";

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
  /** Files that are there without their owner. */
  readonly withoutOwner: number;
  /** Without their setuid or setgid bits. */
  readonly withoutSetuid: number;
  /** Without some of their extended attributes. */
  readonly withoutXattrs: number;
  /** Without the last digits of their times. */
  readonly withoutExactTimes: number;
}

/**
 * Extracts what is at `path` into the folder `destination`, which is made, or must be empty: a directory's contents,
 * or one file under its own name. Everything is newly made in a folder that this made before, so nothing that the
 * image says leads out. Modes and times are kept, owners as far as the process may; device nodes, sockets, pipes and
 * what cannot be made are left out and reported. Whoever stops it finds what was copied so far, no file in part. Throws
 * E_PATH_NOT_FOUND, E_OUTPUT_EXISTS, E_NO_SPACE and E_IO, and what reading throws.
 */
export function* extract(
  filesystem: ReadableFilesystem,
  path: string,
  destination: string,
): Steps<Extraction> {
  const top = yield* lookup(filesystem, path);
  const target = new Destination(filesystem, destination);
  if (top.type === "directory") {
    target.adopt(top);
    yield* extractBelow(filesystem, top, target);
  } else {
    // The name that was asked for, also if it was a symlink's.
    const name = path.split("/").at(-1) ?? "";
    yield* target.make({ folder: new Folder(), name, inode: top });
  }
  target.finish();
  return target.report();
}

function* extractBelow(filesystem: ReadableFilesystem, top: TypedInode, target: Destination): Steps<void> {
  // What is below a directory that could not be made is left out with it.
  let made = false;
  for (const file of walk(filesystem, top, () => made)) {
    yield;
    if (file !== undefined) made = yield* target.make(file);
  }
}
