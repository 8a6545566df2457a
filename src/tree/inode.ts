/**
 * What a filesystem holds, in terms of inode(7): no image, no on-disk format.
 *
 * Names, symlink targets and xattr names are bytes. They are kept as strings with one character per byte (latin1),
 * so that they can be keys of a Map and compare in byte order; nothing ever decodes them as UTF-8.
 */

import type { Extent } from "../blocks/blocks.ts";
import type { PackedPlace } from "../blocks/space.ts";
import { Names } from "./names.ts";

export type { Extent };

/** A point in time as the kernel's timespec64: seconds may be negative, nanoseconds are 0 to 999,999,999. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** An extended attribute as getxattr(2) shows it: the full name ("security.capability") and the raw value. */
export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

/** What every inode has. `mode` is the permission bits with setuid, setgid and sticky: 0 to 0o7777. */
export interface Metadata {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  readonly atime: Timestamp;
  readonly ctime: Timestamp;
  /** Sorted by nothing in particular; no name twice. */
  readonly xattrs: readonly Xattr[];
}

interface Common {
  metadata: Metadata;
  /** Scratch of whoever puts inodes in order: see `InodeOrder`. */
  order?: number;
}

export interface RegularFile extends Common {
  readonly type: "file";
  /** Bytes. */
  readonly size: number;
  /** Ascending by `logical`, not overlapping; what is between them reads as zeros. */
  readonly extents: readonly Extent[];
  /** Where the only extent begins, if there is no more than one: see `placedFile`. */
  readonly start?: number;
  /** What the kind of filesystem that has taken the contents remembers the rest of them by, metadata included. */
  readonly slot?: number | undefined;
  /** Of contents that may be compressed: how they are kept, and what the extents count. */
  readonly packed?: PackedPlace | undefined;
  /** Whether the metadata became another after the contents were taken: see `changeMetadata`. */
  isChanged?: boolean;
}

export interface Directory extends Common {
  readonly type: "directory";
  readonly entries: Entries;
}

/** The inodes of a directory by their names, in the order in which these came: `Names`, or a Map. */
export interface Entries extends Iterable<[string, Inode]> {
  readonly size: number;
  get(name: string): Inode | undefined;
  has(name: string): boolean;
  set(name: string, inode: Inode): this;
  delete(name: string): boolean;
  clear(): void;
  keys(): Iterable<string>;
  values(): Iterable<Inode>;
}

export interface Symlink extends Common {
  readonly type: "symlink";
  /** The target's bytes, one character each. */
  readonly target: string;
}

export interface DeviceNode extends Common {
  readonly type: "char" | "block";
  readonly major: number;
  readonly minor: number;
}

export interface SpecialFile extends Common {
  readonly type: "fifo" | "socket";
}

export type Inode = RegularFile | Directory | Symlink | DeviceNode | SpecialFile;

export const NO_XATTRS: readonly Xattr[] = [];
export const EPOCH: Timestamp = { seconds: 0, nanoseconds: 0 };

/**
 * Gives an inode in a tree other metadata. Where that was written with the contents already (`slot`), it is written
 * again; the attributes must then take as much room as before.
 */
export function changeMetadata(inode: Inode, metadata: Metadata): void {
  inode.metadata = metadata;
  if (inode.type === "file") inode.isChanged = true;
}

/** What the rest of a file's contents is remembered by, and metadata that was written with them; undefined if none was. */
export function writtenSlot(file: RegularFile): number | undefined {
  return file.slot ?? file.packed?.slot;
}

/** A directory that nothing in the image describes: 0755, root's, from the epoch. */
export function impliedDirectory(): Directory {
  const metadata = {
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: EPOCH,
    atime: EPOCH,
    ctime: EPOCH,
    xattrs: NO_XATTRS,
  };
  return directoryOf(metadata);
}

/** An empty directory. */
export function directoryOf(metadata: Metadata): Directory {
  return { type: "directory", metadata, entries: new Names<Inode>(), order: 0 };
}
