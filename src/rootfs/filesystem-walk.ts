/** A filesystem that is read as entries: everything in it by name, each directory before what is in it. */
import { atPath, brokenFilesystem } from "../filesystem/reading/broken.ts";
import {
  inodeName,
  type Piece,
  type ReadableFilesystem,
  type TypedInode,
} from "../filesystem/reading/filesystem.ts";
import { filledContents } from "../filesystem/reading/filled.ts";
import { isPlainName } from "../filesystem/reading/plain-name.ts";
import { type Place, pathOf, type WalkedFile, walk } from "../filesystem/reading/walk.ts";
import type { EntryPart, FileEntry } from "../tree/entry.ts";
import { type Metadata, NO_XATTRS, type Xattr } from "../tree/inode.ts";
import type { Paused, Steps } from "../waiting/steps.ts";
import { countData } from "./holes.ts";
import type { ReadOptions } from "./root-filesystem.ts";

/** Parts that are handed on as one. */
const MOST_PARTS = 1000;
const MOST_BYTES = 1 << 20;
/** What an entry is reckoned with, as in a tar. */
const ENTRY_BYTES = 512;
const LOST_AND_FOUND = "lost+found";

type WalkOptions = Pick<ReadOptions, "attributes" | "onBytes" | "withStored">;

/** Walks one filesystem once. */
export class FilesystemWalk {
  readonly #filesystem: ReadableFilesystem;
  readonly #options: WalkOptions;
  readonly #firstPlaces = new Map<number, Place>();
  #parts: EntryPart[] = [];
  #bytes = 0;

  constructor(filesystem: ReadableFilesystem, options: WalkOptions) {
    this.#filesystem = filesystem;
    this.#options = options;
  }

  /** Throws E_INVALID_FILESYSTEM for what is broken, E_UNSUPPORTED for what is encrypted. */
  *parts(): Paused<readonly EntryPart[]> {
    const { root } = this.#filesystem;
    this.#put(this.#entryOf("./", root));
    let isIn = true;
    for (const file of walk(this.#filesystem, root, () => isIn)) {
      if (file === undefined) yield;
      else {
        isIn = !(yield* this.#isOwn(file));
        if (isIn) yield* this.#file(file);
      }
    }
    if (this.#parts.length > 0) yield this.#handOver();
  }

  /** An empty lost+found is no file of anybody's: filesystems that have one make it anew. */
  *#isOwn({ folder, name, inode }: WalkedFile): Generator<undefined, boolean> {
    if (folder.depth > 0 || name !== LOST_AND_FOUND || inode.type !== "directory") return false;
    for (const entry of this.#filesystem.entries(inode)) {
      if (entry !== undefined) return false;
      yield;
    }
    return true;
  }

  *#file(file: WalkedFile): Paused<readonly EntryPart[]> {
    const { folder, name, inode } = file;
    const path = pathOf(file);
    try {
      this.#check(file);
      const first = this.#firstPlaces.get(inode.number);
      if (first !== undefined)
        this.#put({ ...this.#entryOf(path, inode), type: "hardlink", linkname: pathOf(first) });
      else {
        const entry = this.#entryOf(path, inode);
        if (inode.type === "file") yield* this.#contents(entry, inode);
        else this.#put(entry);
        if (inode.links > 1 && inode.type !== "directory")
          this.#firstPlaces.set(inode.number, { folder, name });
      }
    } catch (error) {
      throw atPath(error, path);
    }
    if (this.#parts.length >= MOST_PARTS) yield this.#handOver();
  }

  #check({ name, inode, again }: WalkedFile): void {
    const { repair } = this.#filesystem;
    if (!isPlainName(name))
      throw brokenFilesystem(inodeName(inode.number), "its name is none that a file can have", repair);
    if (again) throw brokenFilesystem(inodeName(inode.number), "its directory has the name twice", repair);
  }

  *#contents(entry: FileEntry, inode: TypedInode): Paused<readonly EntryPart[]> {
    const { withStored = false } = this.#options;
    const stored = withStored ? yield* this.#storedBytes(inode) : undefined;
    this.#put({ ...entry, stored: stored ?? inode.size });
    // Of what is told to have no holes all has to come.
    const isWhole = stored === inode.size;
    const contents = this.#filesystem;
    for (const piece of isWhole ? placed(filledContents(contents, inode)) : contents.read(inode)) {
      if (piece === undefined) {
        yield;
        continue;
      }
      const { offset, bytes } = piece;
      this.#options.onBytes(bytes.length);
      this.#parts.push({ kind: "contents", offset, bytes });
      this.#bytes += bytes.length;
      if (this.#bytes >= MOST_BYTES) yield this.#handOver();
    }
  }

  #storedBytes(inode: TypedInode): Steps<number> {
    const filesystem = this.#filesystem;
    return countData(inode.size, filesystem.allocated(inode), () => filesystem.read(inode));
  }

  #handOver(): readonly EntryPart[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#bytes = 0;
    return parts;
  }

  #put(entry: FileEntry): void {
    this.#options.onBytes(ENTRY_BYTES);
    this.#parts.push({ kind: "entry", entry });
  }

  #entryOf(path: string, inode: TypedInode): FileEntry {
    const filesystem = this.#filesystem;
    const { type, size } = inode;
    const isDevice = type === "char" || type === "block";
    return {
      path,
      type,
      linkname: type === "symlink" ? filesystem.readlink(inode) : "",
      size: type === "file" ? size : 0,
      stored: type === "file" ? size : 0,
      metadata: this.#metadataOf(inode),
      ...(isDevice ? filesystem.device(inode) : { major: 0, minor: 0 }),
    };
  }

  #metadataOf(inode: TypedInode): Metadata {
    const { mode, uid, gid, mtime, atime, ctime } = inode;
    return { mode, uid, gid, mtime, atime, ctime, xattrs: this.#xattrsOf(inode) };
  }

  #xattrsOf(inode: TypedInode): readonly Xattr[] {
    const { attributes } = this.#options;
    const found = this.#filesystem.xattrs(inode);
    if (found.length === 0) return NO_XATTRS;
    attributes.keepList(found.length);
    return found.map(({ name, value }) =>
      attributes.get(name, Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1")),
    );
  }
}

/** Bytes in order, as pieces at their offsets. */
function* placed(contents: Paused<Uint8Array>): Paused<Piece> {
  let offset = 0;
  for (const bytes of contents) {
    if (bytes === undefined) {
      yield;
      continue;
    }
    yield { offset, bytes };
    offset += bytes.length;
  }
}
