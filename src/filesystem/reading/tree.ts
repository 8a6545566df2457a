/** A whole filesystem as a tree, for conversion. */

import {
  type Directory,
  directoryOf,
  type Extent,
  type Inode,
  type Metadata,
  type RegularFile,
} from "../../tree/inode.ts";
import { unpaused } from "../../waiting/steps.ts";
import { brokenFilesystem } from "./broken.ts";
import { inodeName, type ReadableFilesystem, type TypedInode } from "./filesystem.ts";

export interface FilesystemTree {
  readonly root: Directory;
  /** For each inode of the tree the number that it has in the filesystem, by which its contents are read. */
  readonly numbers: ReadonlyMap<Inode, number>;
}

/** Copies a file's contents to where they are to be and says where that is. */
export type PlaceContents = (file: TypedInode) => readonly Extent[];

/**
 * Every file of the filesystem; names of one inode share one object. `place` is called once for each regular file,
 * in order of the tree; without it, files have their size but no extents.
 */
export function readTree(filesystem: ReadableFilesystem, place: PlaceContents = () => []): FilesystemTree {
  const byNumber = new Map<number, Inode>();
  const top = filesystem.root;
  const root = directoryOf(metadataOf(filesystem, top));
  byNumber.set(top.number, root);
  const waiting = [{ inode: top, directory: root }];
  for (let here = waiting.pop(); here !== undefined; here = waiting.pop()) {
    const where = inodeName(here.inode.number);
    for (const { name, inode: number } of unpaused(filesystem.entries(here.inode))) {
      if (here.directory.entries.has(name))
        throw brokenFilesystem(where, "the directory has a name twice", filesystem.repair);
      const known = byNumber.get(number);
      if (known?.type === "directory")
        throw brokenFilesystem(inodeName(number), "the directory is in two places", filesystem.repair);
      const inode = filesystem.inode(number);
      const node = known ?? nodeOf(filesystem, inode, place);
      byNumber.set(number, node);
      here.directory.entries.set(name, node);
      if (node.type === "directory") waiting.push({ inode, directory: node });
    }
  }
  return { root, numbers: new Map([...byNumber].map(([number, node]) => [node, number])) };
}

function nodeOf(filesystem: ReadableFilesystem, inode: TypedInode, place: PlaceContents): Inode {
  const metadata = metadataOf(filesystem, inode);
  switch (inode.type) {
    case "file": {
      const file: RegularFile = { type: "file", metadata, size: inode.size, extents: place(inode) };
      return file;
    }
    case "directory":
      return directoryOf(metadata);
    case "symlink":
      return { type: "symlink", metadata, target: filesystem.readlink(inode) };
    case "char":
    case "block":
      return { type: inode.type, metadata, ...filesystem.device(inode) };
    case "fifo":
    case "socket":
      return { type: inode.type, metadata };
  }
}

function metadataOf(filesystem: ReadableFilesystem, inode: TypedInode): Metadata {
  const { mode, uid, gid, mtime, atime, ctime } = inode;
  return { mode, uid, gid, mtime, atime, ctime, xattrs: filesystem.xattrs(inode) };
}
