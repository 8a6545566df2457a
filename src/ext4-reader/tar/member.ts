/** What of a filesystem goes into a tar, in which order and under which names. */
import type { LeftOut } from "../destination.ts";
import type { Filesystem, TypedInode } from "../filesystem.ts";
import type { FileType } from "../inode.ts";
import { isPlainName } from "../plain-name.ts";
import { joined, walk } from "../walk.ts";
import { MAXIMUM_DEVICE_NUMBER } from "./header.ts";

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
  filesystem: Filesystem,
  path: string,
  leaveOut: (left: LeftOut) => void,
): Generator<Member, void> {
  const top = filesystem.lookup(path);
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
  filesystem: Filesystem,
  top: TypedInode,
  leaveOut: (left: LeftOut) => void,
): Generator<Member, void> {
  const firstNames = new Map<number, string>();
  /** By directory, the name that came last: names that are equal follow one another. */
  const lastNames = new Map<string, string>();
  // What is below a directory that is left out is left out with it.
  const skipped = new Set<string>();
  for (const { directory, name, inode } of walk(filesystem, top, true)) {
    const path = joined(directory, name);
    const again = lastNames.get(directory) === name;
    lastNames.set(directory, name);
    const first = firstNames.get(inode.number);
    const member = again
      ? "something of that name is already there"
      : memberOf(filesystem, path, name, inode, first);
    if (!skipped.has(directory) && typeof member !== "string") {
      yield member;
      if (inode.links > 1 && inode.type !== "directory" && first === undefined)
        firstNames.set(inode.number, path);
      continue;
    }
    if (inode.type === "directory") skipped.add(path);
    if (!skipped.has(directory) && typeof member === "string") leaveOut({ path, why: member });
  }
}

/** The member, or why no tar can hold the file. */
function memberOf(
  filesystem: Filesystem,
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
  return { path, type, target: type === "symlink" ? filesystem.readlink(inode) : "", inode };
}
