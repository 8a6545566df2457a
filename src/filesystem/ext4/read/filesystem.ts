import { Docker2vmError } from "../../../errors.ts";
import type { Xattr } from "../../../tree/inode.ts";
import type { Paused, Steps } from "../../../waiting/steps.ts";
import type { Replay } from "../../reading/filesystem.ts";
import {
  type DirectoryEntry,
  expectType,
  type FileType,
  inodeName,
  type Piece,
  type ReadableFilesystem,
} from "../../reading/filesystem.ts";
import type { ImageReader } from "../../reading/image.ts";
import type { OpenOptions } from "../../reading/reader.ts";
import { EXT4_HUGE_FILE_FL, EXT4_ROOT_INO } from "../format/inode.ts";
import { broken, REPAIR } from "./broken.ts";
import { readContents } from "./contents.ts";
import { deviceNumbers } from "./device.ts";
import { directoryEntries } from "./directory.ts";
import { type FileInode, hasFlag, readInode } from "./inode.ts";
import { recover } from "./journal/recover.ts";
import type { Superblock } from "./superblock.ts";
import { readSymlink } from "./symlink.ts";
import { Volume } from "./volume.ts";
import { readXattrs } from "./xattrs.ts";

/** What i_blocks counts by. */
const SECTOR_SIZE = 512;

/** An inode whose type is known. */
export type Ext4Inode = FileInode & { readonly type: FileType };

function hasType(inode: FileInode): inode is Ext4Inode {
  return inode.type !== undefined;
}

/**
 * "none": there is no journal; "needs recovery": changes in it are not in place yet; "replayed": they are, but only in
 * memory.
 */
export type JournalState = "clean" | "needs recovery" | "replayed" | "none";

/**
 * An ext2, ext3 or ext4 filesystem.
 */
export class Ext4Filesystem implements ReadableFilesystem<Ext4Inode> {
  readonly volume: Volume;
  /** What was put in place in memory; undefined where nothing had to be, or was not to be. */
  readonly replay: Replay | undefined;
  readonly repair = REPAIR;

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

  get root(): Ext4Inode {
    return this.inode(EXT4_ROOT_INO);
  }

  inode(number: number): Ext4Inode {
    const inode = readInode(this.volume, number);
    if (!hasType(inode)) throw broken(inodeName(number), "its type is none that there is");
    return inode;
  }

  /** Throws E_UNSUPPORTED for names whose case does not count. */
  *find(directory: Ext4Inode, name: string): Steps<number | undefined> {
    if (hasFlag(directory, "casefold")) {
      throw new Docker2vmError("E_UNSUPPORTED", "a directory on the way ignores case", {
        hint: "list or extract that directory as a whole",
      });
    }
    for (const entry of directoryEntries(this.volume, directory)) {
      if (entry === undefined) yield;
      else if (entry.name === name) return entry.inode;
    }
    return undefined;
  }

  entries(directory: Ext4Inode): Paused<DirectoryEntry> {
    expectType(directory, "directory");
    return directoryEntries(this.volume, directory);
  }

  read(file: Ext4Inode): Paused<Piece> {
    expectType(file, "file");
    return readContents(this.volume, file);
  }

  allocated({ fields }: Ext4Inode): number {
    const unit = (fields.i_flags & EXT4_HUGE_FILE_FL) === 0 ? SECTOR_SIZE : this.superblock.blockSize;
    return (fields.i_blocks_lo + fields.l_i_blocks_high * 2 ** 32) * unit;
  }

  readlink(symlink: Ext4Inode): string {
    expectType(symlink, "symlink");
    return readSymlink(this.volume, symlink);
  }

  xattrs(inode: Ext4Inode): Xattr[] {
    return readXattrs(this.volume, inode);
  }

  isEncrypted(inode: Ext4Inode): boolean {
    return hasFlag(inode, "encrypted");
  }

  device(device: Ext4Inode): { major: number; minor: number } {
    return deviceNumbers(device);
  }
}

/**
 * Opens the filesystem in an image. A journal that holds changes is replayed in memory, unless it is to be ignored.
 * Throws E_INVALID_FILESYSTEM if there is none that can be read, E_UNSUPPORTED naming a feature that this program does
 * not know, and E_NEEDS_RECOVERY for a journal that it does not replay.
 */
export function* openExt4(image: ImageReader, options: OpenOptions = {}): Steps<Ext4Filesystem> {
  if (options.ignoreJournal === true) return new Ext4Filesystem(new Volume(image));
  const { volume, replay } = yield* recover(image);
  return new Ext4Filesystem(volume, replay);
}
