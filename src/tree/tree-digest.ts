import { createHash, type Hash } from "node:crypto";
import { sortedNames } from "../waiting/sorted.ts";
import type { Steps } from "../waiting/steps.ts";
import type { Directory, Inode, RegularFile, Timestamp, Xattr } from "./inode.ts";

/** What tells this digest from every other that may come. */
const VERSION = "docker2vm tree 1";

/**
 * sha256, hex, of everything that a tree shows of itself: for each path, in the order of a walk by the names' bytes,
 * type, mode, owner, time of the last change, attributes, and by type target, device, size and contents; for each
 * further name of a file the first one. Not the times of access and of the inode's change, which nobody sets.
 */
export function* treeDigest(root: Directory, contentsOf: (file: RegularFile) => Uint8Array): Steps<string> {
  const hash = createHash("sha256").update(VERSION);
  const firstPaths = new Map<Inode, string>();
  addRecord(hash, ["directory", "/", ...metadataOf(root)]);
  const levels = [{ path: "/", directory: root, names: yield* sortedNames(root.entries.keys()), next: 0 }];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.names[level.next++];
    if (name === undefined) {
      levels.pop();
      continue;
    }
    const inode = level.directory.entries.get(name) as Inode;
    const path = `${level.path}${name}`;
    const first = firstPaths.get(inode);
    if (first !== undefined) addRecord(hash, ["link", path, first]);
    else {
      addRecord(hash, [inode.type, path, ...metadataOf(inode), ...bodyOf(inode)]);
      if (inode.type === "file") hash.update(contentsOf(inode));
    }
    if (inode.type !== "directory") firstPaths.set(inode, first ?? path);
    else {
      const names = yield* sortedNames(inode.entries.keys());
      levels.push({ path: `${path}/`, directory: inode, names, next: 0 });
    }
    yield;
  }
  return hash.digest("hex");
}

/** Fields end in what no name has. How many there are follows from the first ones. */
function addRecord(hash: Hash, fields: readonly (string | number)[]): void {
  hash.update(`${fields.join("\0")}\0`, "latin1");
}

function metadataOf({ metadata }: Inode): (string | number)[] {
  const { mode, uid, gid, mtime, xattrs } = metadata;
  return [mode.toString(8), uid, gid, timeOf(mtime), xattrs.length, ...sorted(xattrs).flatMap(xattrFields)];
}

function sorted(xattrs: readonly Xattr[]): readonly Xattr[] {
  return xattrs.length < 2 ? xattrs : [...xattrs].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function xattrFields({ name, value }: Xattr): string[] {
  return [name, Buffer.from(value.buffer, value.byteOffset, value.length).toString("hex")];
}

function timeOf({ seconds, nanoseconds }: Timestamp): string {
  return `${seconds}.${nanoseconds}`;
}

function bodyOf(inode: Inode): (string | number)[] {
  switch (inode.type) {
    case "file":
      return [inode.size];
    case "symlink":
      return [inode.target];
    case "char":
    case "block":
      return [inode.major, inode.minor];
    case "directory":
    case "fifo":
    case "socket":
      return [];
  }
}
