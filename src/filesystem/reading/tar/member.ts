/** What of a filesystem goes into a tar, in which order and under which names. */

import type { Paused } from "../../../waiting/steps.ts";
import { atPath } from "../broken.ts";
import type { LeftOut } from "../destination.ts";
import type { FileType, ReadableFilesystem, TypedInode } from "../filesystem.ts";
import { lookup } from "../lookup.ts";
import { isPlainName } from "../plain-name.ts";
import { type Place, pathOf, walk } from "../walk.ts";
import { MAXIMUM_DEVICE_NUMBER } from "./header-limits.ts";

/** One entry of a tar. Paths and targets are bytes, one character each. */
export interface Member {
  /** A directory's ends in a slash. */
  readonly path: string;
  /** "link": a further name of a file that has come. */
  readonly type: Exclude<FileType, "socket"> | "link";
  /** Of a symlink, or the first name of a link's file; else "". */
  readonly target: string;
  readonly inode: TypedInode;
}

/**
 * What is at `path`: a directory as "./", then everything below it by name, each directory before what is in it; or one
 * file under its own name. What a tar cannot hold is told to `leaveOut`. Throws E_PATH_NOT_FOUND and what reading
 * throws.
 */
export function* members(
  filesystem: ReadableFilesystem,
  path: string,
  leaveOut: (left: LeftOut) => void,
): Paused<Member> {
  const top = yield* lookup(filesystem, path);
  if (top.type === "directory") {
    yield { path: "./", type: "directory", target: "", inode: top };
    yield* membersBelow(filesystem, top, leaveOut);
    return;
  }
  // The name that was asked for, also if it was a symlink's.
  const name = path.split("/").at(-1) ?? "";
  const member = memberOf(filesystem, name, name, top);
  if (typeof member === "string") leaveOut({ path: name, why: member });
  else yield member;
}

function* membersBelow(
  filesystem: ReadableFilesystem,
  top: TypedInode,
  leaveOut: (left: LeftOut) => void,
): Paused<Member> {
  const firstPlaces = new Map<number, Place>();
  // What is below a directory that is left out is left out with it.
  let isIn = false;
  for (const file of walk(filesystem, top, () => isIn)) {
    if (file === undefined) {
      yield;
      continue;
    }
    const { name, inode, again } = file;
    const path = pathOf(file);
    const first = firstPlaces.get(inode.number);
    const member = again
      ? "something of that name is already there"
      : memberOf(filesystem, path, name, inode, first && pathOf(first));
    isIn = typeof member !== "string";
    if (typeof member === "string") leaveOut({ path, why: member });
    else {
      yield member;
      if (inode.links > 1 && inode.type !== "directory" && first === undefined)
        firstPlaces.set(inode.number, { folder: file.folder, name });
    }
  }
}

/** The member, or why no tar can hold the file. */
function memberOf(
  filesystem: ReadableFilesystem,
  path: string,
  name: string,
  inode: TypedInode,
  first?: string,
): Member | string {
  const { type } = inode;
  if (!isPlainName(name)) return "its name would lead elsewhere";
  if (type === "socket") return "a tar has no sockets";
  if (first !== undefined) return { path, type: "link", target: first, inode };
  if (type === "directory") return { path: `${path}/`, type, target: "", inode };
  if (type === "fifo") return { path, type, target: "", inode };
  if (type === "char" || type === "block") {
    const { major, minor } = filesystem.device(inode);
    if (Math.max(major, minor) <= MAXIMUM_DEVICE_NUMBER) return { path, type, target: "", inode };
    return `a tar cannot hold its number ${major}, ${minor}`;
  }
  if (filesystem.isEncrypted(inode)) return "it is encrypted";
  return { path, type, target: type === "symlink" ? targetOf(filesystem, inode, path) : "", inode };
}

function targetOf(filesystem: ReadableFilesystem, symlink: TypedInode, path: string): string {
  try {
    return filesystem.readlink(symlink);
  } catch (error) {
    throw atPath(error, path);
  }
}
