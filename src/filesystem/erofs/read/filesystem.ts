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
import { broken, REPAIR } from "./broken.ts";
import { readContents } from "./contents.ts";
import { deviceNumbers } from "./device.ts";
import { directoryEntries } from "./directory.ts";
import { type ErofsInode, readInode } from "./inode.ts";
import { readSymlink } from "./symlink.ts";
import { Volume } from "./volume.ts";
import { readXattrs } from "./xattrs.ts";

/** An EROFS filesystem. */
export class ErofsFilesystem implements ReadableFilesystem<ErofsInode> {
  readonly volume: Volume;
  /** There is no journal. */
  readonly replay = undefined;
  readonly repair = REPAIR;

  constructor(volume: Volume) {
    this.volume = volume;
  }

  get root(): ErofsInode {
    const root = readInode(this.volume, this.volume.superblock.fields.root_nid);
    if (root.type !== "directory") throw broken(inodeName(root.number), "the root is no directory");
    return root;
  }

  inode(number: number): ErofsInode {
    return readInode(this.volume, number);
  }

  /** Goes through the entries: the order that a kernel searches by is not relied on. */
  *find(directory: ErofsInode, name: string): Steps<number | undefined> {
    for (const entry of this.entries(directory)) {
      if (entry === undefined) yield;
      else if (entry.name === name) return entry.inode;
    }
    return undefined;
  }

  entries(directory: ErofsInode): Paused<DirectoryEntry> {
    expectType(directory, "directory");
    return directoryEntries(this.volume, directory);
  }

  read(file: ErofsInode): Paused<Piece> {
    expectType(file, "file");
    return readContents(this.volume, file);
  }

  /** Only in chunks there are holes. */
  allocated({ layout, size }: ErofsInode): number {
    return layout === "CHUNK_BASED" ? 0 : size;
  }

  readlink(symlink: ErofsInode): string {
    expectType(symlink, "symlink");
    return readSymlink(this.volume, symlink);
  }

  xattrs(inode: ErofsInode): Xattr[] {
    return readXattrs(this.volume, inode);
  }

  isEncrypted(): boolean {
    return false;
  }

  device(device: ErofsInode): { major: number; minor: number } {
    return deviceNumbers(device);
  }
}

/**
 * Opens the filesystem in an image. Throws E_INVALID_FILESYSTEM if there is none that can be read, and E_UNSUPPORTED
 * naming a feature that this program does not know.
 */
export function openErofs(image: ImageReader): ErofsFilesystem {
  return new ErofsFilesystem(new Volume(image));
}
