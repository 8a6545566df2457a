import { Docker2vmError } from "../errors.ts";
import { EXT4_ROOT_INO, MODE_TYPE } from "../ext4/format/inode.ts";
import type { Xattr } from "../tree/inode.ts";
import type { Paused, Steps } from "../waiting/steps.ts";
import { broken } from "./broken.ts";
import { type Piece, readContents } from "./contents.ts";
import { deviceNumbers } from "./device.ts";
import { type DirectoryEntry, directoryEntries } from "./directory.ts";
import type { ImageReader } from "./image.ts";
import { type FileInode, type FileType, hasFlag, inodeName, readInode } from "./inode.ts";
import { type Replay, recover } from "./journal/recover.ts";
import { lookup } from "./lookup.ts";
import type { Superblock } from "./superblock.ts";
import { readSymlink } from "./symlink.ts";
import { Volume } from "./volume.ts";
import { readXattrs } from "./xattrs.ts";

export interface OpenOptions {
  /** Read what is in place even though the journal holds changes to it. */
  readonly ignoreJournal?: boolean;
}

/** An inode whose type is known. */
export type TypedInode = FileInode & { readonly type: FileType };

/**
 * "none": there is no journal; "needs recovery": changes in it are not in place yet; "replayed": they are, but only in
 * memory.
 */
export type JournalState = "clean" | "needs recovery" | "replayed" | "none";

/**
 * An ext2, ext3 or ext4 filesystem, for reading. Everything is read when it is asked for. What is broken throws
 * E_INVALID_FILESYSTEM with the place, what this program cannot read E_UNSUPPORTED.
 */
export class Filesystem {
  readonly volume: Volume;
  /** What was put in place in memory; undefined where nothing had to be, or was not to be. */
  readonly replay: Replay | undefined;

  constructor(volume: Volume, replay?: Replay) {
    this.volume = volume;
    this.replay = replay;
  }

  get superblock(): Superblock {
    return this.volume.superblock;
  }

  get journal(): JournalState {
    if (this.replay !== undefined) return "replayed";
    if (this.volume.has("needs_recovery")) return "needs recovery";
    return this.volume.has("has_journal") ? "clean" : "none";
  }

  get root(): TypedInode {
    return this.inode(EXT4_ROOT_INO);
  }

  inode(number: number): TypedInode {
    const inode = readInode(this.volume, number);
    const { type } = inode;
    if (type === undefined) throw broken(inodeName(number), "its type is none that there is");
    return { ...inode, type };
  }

  /** The inode at a path of bytes. Throws E_PATH_NOT_FOUND; a symlink at its end is followed unless told otherwise. */
  *lookup(path: string, options: { readonly follow?: boolean } = {}): Steps<TypedInode> {
    const { number } = yield* lookup(this.volume, path, options.follow ?? true);
    return this.inode(number);
  }

  /** The directory's entries in on-disk order, without "." and "..". */
  entries(directory: TypedInode): Paused<DirectoryEntry> {
    expectType(directory, "directory");
    return directoryEntries(this.volume, directory);
  }

  /** The file's contents in ascending pieces; what lies between them reads as zeros, up to its size. */
  read(file: TypedInode): Paused<Piece> {
    expectType(file, "file");
    return readContents(this.volume, file);
  }

  /** The target's bytes, one character each. */
  readlink(symlink: TypedInode): string {
    expectType(symlink, "symlink");
    return readSymlink(this.volume, symlink);
  }

  /** As getxattr(2) shows them to root: full names, access control lists in their userland form. */
  xattrs(inode: TypedInode): Xattr[] {
    return readXattrs(this.volume, inode);
  }

  /** Whether contents, names or target cannot be read without a key. */
  isEncrypted(inode: TypedInode): boolean {
    return hasFlag(inode, "encrypted");
  }

  device(device: TypedInode): { major: number; minor: number } {
    return deviceNumbers(device);
  }
}

/**
 * Opens the filesystem in an image. A journal that holds changes is replayed in memory, unless it is to be ignored.
 * Throws E_INVALID_FILESYSTEM if there is none that can be read, E_UNSUPPORTED naming a feature that this program does
 * not know, and E_NEEDS_RECOVERY for a journal that it does not replay.
 */
export function* openFilesystem(image: ImageReader, options: OpenOptions = {}): Steps<Filesystem> {
  if (options.ignoreJournal === true) return new Filesystem(new Volume(image));
  const { volume, replay } = yield* recover(image);
  return new Filesystem(volume, replay);
}

function expectType(inode: TypedInode, type: FileType): void {
  if (inode.type === type) return;
  throw new Docker2vmError("E_USAGE", `${inodeName(inode.number)} is a ${inode.type}, not a ${type}`, {
    hint:
      inode.type === "directory"
        ? "'docker2vm ls' lists a directory, 'docker2vm extract' copies what is in it"
        : "'docker2vm ls' tells what it is",
  });
}

/** st_mode: type and permissions. */
export function modeOf({ type, mode }: TypedInode): number {
  return MODE_TYPE[type] | mode;
}
