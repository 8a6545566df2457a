import { Docker2vmError } from "../../../errors.ts";
import type { Xattr } from "../../../tree/inode.ts";
import type { Paused, Steps } from "../../../waiting/steps.ts";
import {
  type DirectoryEntry,
  expectType,
  inodeName,
  type Piece,
  type ReadableFilesystem,
} from "../../reading/filesystem.ts";
import type { ImageReader } from "../../reading/image.ts";
import type { OpenOptions } from "../../reading/reader.ts";
import { broken, REPAIR } from "./broken.ts";
import { readContents } from "./contents.ts";
import { deviceNumbers } from "./device.ts";
import { directoryEntries } from "./directory.ts";
import { readInode, type XfsInode } from "./inode.ts";
import { type LogState, logState } from "./log.ts";
import { readSymlink } from "./symlink.ts";
import { Volume } from "./volume.ts";
import { readXattrs } from "./xattrs.ts";

/** An XFS filesystem of version 5. */
export class XfsFilesystem implements ReadableFilesystem<XfsInode> {
  readonly volume: Volume;
  /** A log is never replayed. */
  readonly replay = undefined;
  readonly repair = REPAIR;

  constructor(volume: Volume) {
    this.volume = volume;
  }

  get log(): LogState {
    return logState(this.volume);
  }

  get root(): XfsInode {
    const root = readInode(this.volume, this.volume.superblock.fields.sb_rootino);
    if (root.type !== "directory") throw broken(inodeName(root.number), "the root is no directory");
    return root;
  }

  inode(number: number): XfsInode {
    return readInode(this.volume, number);
  }

  /** Goes through the entries: the hashes that a kernel searches by are not relied on. */
  *find(directory: XfsInode, name: string): Steps<number | undefined> {
    for (const entry of this.entries(directory)) {
      if (entry === undefined) yield;
      else if (entry.name === name) return entry.inode;
    }
    return undefined;
  }

  entries(directory: XfsInode): Paused<DirectoryEntry> {
    expectType(directory, "directory");
    return directoryEntries(this.volume, directory);
  }

  read(file: XfsInode): Paused<Piece> {
    expectType(file, "file");
    return readContents(this.volume, file);
  }

  allocated({ fields }: XfsInode): number {
    return fields.di_nblocks * this.volume.blockSize;
  }

  readlink(symlink: XfsInode): string {
    expectType(symlink, "symlink");
    return readSymlink(this.volume, symlink);
  }

  xattrs(inode: XfsInode): Xattr[] {
    return readXattrs(this.volume, inode);
  }

  isEncrypted(): boolean {
    return false;
  }

  device(device: XfsInode): { major: number; minor: number } {
    return deviceNumbers(device);
  }
}

/**
 * Opens the filesystem in an image. Throws E_INVALID_FILESYSTEM if there is none that can be read, E_UNSUPPORTED naming a
 * version or feature that this program does not know, and E_NEEDS_RECOVERY for one whose log holds changes, or that has
 * to be repaired, unless that is to be ignored.
 */
export function openXfs(image: ImageReader, { ignoreJournal = false }: OpenOptions = {}): XfsFilesystem {
  const filesystem = new XfsFilesystem(new Volume(image));
  if (ignoreJournal) return filesystem;
  if (filesystem.volume.has("needsrepair")) {
    throw needsRecovery("the filesystem says that it has to be repaired", "xfs_repair -f repairs it");
  }
  const { log } = filesystem;
  if (log === "needs recovery") {
    throw needsRecovery(
      "the log holds changes that are not in place, which this program does not replay",
      "mount the image and unmount it again, which puts them in place (xfs_repair -L throws them away)",
    );
  }
  if (log === "elsewhere") {
    throw needsRecovery(
      "the log is on another device, and may hold changes that are not in place",
      "mount the image with its log and unmount it again",
    );
  }
  return filesystem;
}

function needsRecovery(what: string, remedy: string): Docker2vmError {
  return new Docker2vmError("E_NEEDS_RECOVERY", what, {
    hint: `${remedy}; --ignore-journal reads what is in place`,
  });
}
