/** What a filesystem in an image is to whoever lists, copies or converts what is in it: of whatever kind. */
import { Docker2vmError } from "../../errors.ts";
import type { Timestamp, Xattr } from "../../tree/inode.ts";
import { MODE_TYPE } from "../../tree/mode.ts";
import type { Paused, Steps } from "../../waiting/steps.ts";

/** As st_mode tells it. */
export type FileType = "file" | "directory" | "symlink" | "char" | "block" | "fifo" | "socket";

/** An inode as a filesystem hands it out. */
export interface TypedInode {
  readonly number: number;
  readonly type: FileType;
  /** Permissions with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  readonly links: number;
  readonly mtime: Timestamp;
  readonly atime: Timestamp;
  readonly ctime: Timestamp;
}

/** A name in a directory. */
export interface DirectoryEntry {
  /** Bytes, one character each; raw where they are encrypted. */
  readonly name: string;
  readonly inode: number;
  /** Undefined where the filesystem keeps no types in directories. */
  readonly type: FileType | undefined;
}

/** Bytes of a file from byte `offset` on. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What of a journal was put in place in memory. */
export interface Replay {
  /** Complete transactions in the journal. */
  readonly transactions: number;
  /** Blocks of the filesystem that are read from the journal. */
  readonly blocks: number;
  /** Copies of blocks that a later transaction took back. */
  readonly revoked: number;
}

/**
 * A filesystem, for reading. Everything is read when it is asked for; inodes that are handed in are its own. What is
 * broken throws E_INVALID_FILESYSTEM with the place, what this program cannot read E_UNSUPPORTED.
 */
export interface ReadableFilesystem<Node extends TypedInode = TypedInode> {
  readonly root: Node;
  /** Undefined where nothing had to be replayed, or was not to be. */
  readonly replay: Replay | undefined;
  /** What to do where it is broken: the hint of such errors. */
  readonly repair: string;
  inode(number: number): Node;
  /** The number that the directory has under the name; undefined if it has none. */
  find(directory: Node, name: string): Steps<number | undefined>;
  /** The directory's entries in on-disk order, without "." and "..". */
  entries(directory: Node): Paused<DirectoryEntry>;
  /** The file's contents in ascending pieces; what lies between them reads as zeros, up to its size. */
  read(file: Node): Paused<Piece>;
  /** Bytes of the blocks that the file has, and perhaps of what leads to them; 0 where the filesystem does not count. */
  allocated(file: Node): number;
  /** The target's bytes, one character each. */
  readlink(symlink: Node): string;
  /** As getxattr(2) shows them to root: full names, access control lists in their userland form. */
  xattrs(inode: Node): Xattr[];
  /** Whether contents, names or target cannot be read without a key. */
  isEncrypted(inode: Node): boolean;
  device(device: Node): { major: number; minor: number };
}

/** "inode 12", for messages. */
export function inodeName(number: number): string {
  return `inode ${number}`;
}

/** st_mode: type and permissions. */
export function modeOf({ type, mode }: TypedInode): number {
  return MODE_TYPE[type] | mode;
}

/** Throws E_USAGE for an inode that is of another type. */
export function expectType(inode: TypedInode, type: FileType): void {
  if (inode.type === type) return;
  throw new Docker2vmError("E_USAGE", `${inodeName(inode.number)} is a ${inode.type}, not a ${type}`, {
    hint:
      inode.type === "directory"
        ? "'docker2vm ls' lists a directory, 'docker2vm extract' copies what is in it"
        : "'docker2vm ls' tells what it is",
  });
}
