/** What a profile puts into an image, beside what the image has. */
import { createHash } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import {
  type Directory,
  directoryOf,
  type Inode,
  type Metadata,
  NO_XATTRS,
  type RegularFile,
} from "../tree/inode.ts";
import { displayPath } from "../tree/path.ts";
import { type Obstacle, type Place, resolvePath } from "../tree/resolve.ts";
import type { ImageInProgress } from "./profile.ts";

/** Contents of a file to be added. Additions of one source are names of one inode. */
export interface FileSource {
  /** Bytes. */
  readonly size: number;
  /** All of them, in order; called only if they are needed. */
  pieces(): Iterable<Uint8Array>;
}

/** Everything that is added belongs to root and has the image's time. */
export type Addition =
  | {
      readonly type: "file";
      readonly executable: boolean;
      /** For root's eyes alone. */
      readonly secret?: boolean;
      readonly source: FileSource;
    }
  | { readonly type: "directory"; readonly mode?: number }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "char"; readonly mode: number; readonly major: number; readonly minor: number };

/** "required": something else at its place is an error. "optional": it stays, and nothing is added. */
export type Need = "required" | "optional";

export interface AdditionsOptions {
  /** What to do about files of the image that are in the way. */
  readonly conflictHint: (paths: readonly string[]) => string;
}

interface AddedFile {
  readonly inode: RegularFile;
  /** sha256, hex. */
  readonly digest: string;
}

const DIRECTORY_MODE = 0o755;
const SYMLINK_MODE = 0o777;

/**
 * Adds to the tree of an image, never replacing or hiding what is there. Paths are resolved as the booted machine
 * will resolve them: below /lib where that is a symlink to usr/lib, the files go to /usr/lib.
 */
export class Additions {
  readonly #image: ImageInProgress;
  readonly #options: AdditionsOptions;
  /** Path to what the digest says of it. */
  readonly #added = new Map<string, string>();
  readonly #files = new Map<FileSource, AddedFile>();
  readonly #sources = new Map<Inode, FileSource>();
  readonly #conflicts = new Map<string, string>();

  constructor(image: ImageInProgress, options: AdditionsOptions) {
    this.#image = image;
    this.#options = options;
  }

  /** Whether the path is now what it was to be. Conflicts over what is required are told by `finish`. */
  async put(path: string, addition: Addition, need: Need = "required"): Promise<boolean> {
    const place = await this.#placeFor(path, addition, (parent, name, at) =>
      this.#makeDirectory(parent, name, at, DIRECTORY_MODE),
    );
    if ("obstacle" in place) return this.#refuse(path, place, need);
    if (place.inode === undefined) this.#add(place, addition);
    return true;
  }

  /** Of what the machine itself will put there: adds nothing, and is a conflict where something else is in the way. */
  async reserve(path: string, addition: Addition): Promise<void> {
    const metadata = this.#metadata(DIRECTORY_MODE);
    const place = await this.#placeFor(path, addition, () => directoryOf(metadata));
    if ("obstacle" in place) this.#refuse(path, place, "required");
  }

  /** Where the path leads: to nothing, or to what is the same as the addition. */
  async #placeFor(
    path: string,
    addition: Addition,
    makeDirectory: (parent: Directory, name: string, path: string) => Directory,
  ): Promise<Place | Obstacle> {
    const follow = addition.type === "directory";
    const place = resolvePath(this.#image.root, path, { follow, makeDirectory });
    if ("obstacle" in place || place.inode === undefined) return place;
    if (await this.#isThere(place.inode, addition)) return place;
    return { obstacle: `${displayPath(place.path)} is another ${place.inode.type} in the image` };
  }

  /** What was added. Throws E_PROFILE_CONFLICT naming everything that was in the way. */
  finish(): { readonly paths: readonly string[]; readonly digest: string } {
    if (this.#conflicts.size > 0) throw this.#conflict();
    const paths = [...this.#added.keys()].sort();
    const digest = createHash("sha256");
    for (const path of paths) digest.update(`${this.#added.get(path)}\n`, "latin1");
    return { paths, digest: digest.digest("hex") };
  }

  #refuse(path: string, { obstacle }: Obstacle, need: Need): false {
    if (need === "required") this.#conflicts.set(path, obstacle);
    return false;
  }

  #add({ parent, name, path }: Place, addition: Addition): void {
    switch (addition.type) {
      case "directory":
        this.#makeDirectory(parent, name, path, addition.mode ?? DIRECTORY_MODE);
        return;
      case "symlink": {
        const { target } = addition;
        this.#set(
          parent,
          name,
          path,
          { type: "symlink", metadata: this.#metadata(SYMLINK_MODE), target },
          target,
        );
        return;
      }
      case "char": {
        const { type, mode, major, minor } = addition;
        const inode: Inode = { type, metadata: this.#metadata(mode), major, minor };
        this.#set(parent, name, path, inode, `${major}:${minor}`);
        return;
      }
      case "file": {
        const { inode, digest } = this.#file(addition.source, fileMode(addition));
        this.#set(parent, name, path, inode, digest);
      }
    }
  }

  #file(source: FileSource, mode: number): AddedFile {
    const known = this.#files.get(source);
    if (known !== undefined && known.inode.metadata.mode === mode) return known;
    const hash = createHash("sha256");
    const extents = this.#image.contents.place(source.size, hashed(source.pieces(), hash));
    const metadata = this.#metadata(mode);
    const inode: RegularFile = { type: "file", metadata, size: source.size, extents };
    const added = { inode, digest: hash.digest("hex") };
    this.#files.set(source, added);
    this.#sources.set(inode, source);
    return added;
  }

  #makeDirectory(parent: Directory, name: string, path: string, mode: number): Directory {
    const directory = directoryOf(this.#metadata(mode));
    this.#set(parent, name, path, directory, "");
    return directory;
  }

  #set(parent: Directory, name: string, path: string, inode: Inode, contents: string): void {
    parent.entries.set(name, inode);
    this.#added.set(path, JSON.stringify([path, inode.type, inode.metadata.mode, contents]));
  }

  #metadata(mode: number): Metadata {
    const { time } = this.#image;
    return { mode, uid: 0, gid: 0, mtime: time, atime: time, ctime: time, xattrs: NO_XATTRS };
  }

  async #isThere(inode: Inode, addition: Addition): Promise<boolean> {
    if (inode.type !== addition.type) return false;
    if (inode.type === "symlink" && addition.type === "symlink") return inode.target === addition.target;
    if (inode.type === "char" && addition.type === "char") {
      return inode.major === addition.major && inode.minor === addition.minor;
    }
    if (inode.type === "file" && addition.type === "file") {
      return (
        (!addition.executable || isExecutable(inode)) && (await this.#sameContents(inode, addition.source))
      );
    }
    return true;
  }

  async #sameContents(file: RegularFile, source: FileSource): Promise<boolean> {
    if (file.size !== source.size) return false;
    const own = this.#sources.get(file);
    if (own === source) return true;
    const bytes = own === undefined ? await this.#image.contents.read(file) : joined(own);
    let at = 0;
    for (const piece of source.pieces()) {
      if (Buffer.compare(piece, bytes.subarray(at, at + piece.length)) !== 0) return false;
      at += piece.length;
    }
    return true;
  }

  #conflict(): Docker2vmError {
    const lines = [...this.#conflicts].map(([path, why]) => `${displayPath(path)}: ${why}`);
    return new Docker2vmError(
      "E_PROFILE_CONFLICT",
      `the image has files of its own where the profile's must be: ${lines.join("; ")}`,
      { hint: this.#options.conflictHint([...this.#conflicts.keys()]) },
    );
  }
}

function fileMode({ executable, secret = false }: { executable: boolean; secret?: boolean }): number {
  if (executable) return secret ? 0o700 : 0o755;
  return secret ? 0o600 : 0o644;
}

/** A source that is in memory. */
export function sourceOf(bytes: Uint8Array): FileSource {
  return { size: bytes.length, pieces: () => [bytes] };
}

export function isExecutable(file: RegularFile): boolean {
  return (file.metadata.mode & 0o111) !== 0;
}

function joined(source: FileSource): Uint8Array {
  return Buffer.concat([...source.pieces()]);
}

function* hashed(
  pieces: Iterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): unknown },
): Generator<Uint8Array, void> {
  for (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
