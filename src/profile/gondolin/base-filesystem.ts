/** The base's root filesystem: the guest that Gondolin itself boots, from which files are taken. */
import { assert } from "../../errors.ts";
import type { Piece } from "../../filesystem/ext4/read/contents.ts";
import { type Ext4Filesystem, openExt4 } from "../../filesystem/ext4/read/filesystem.ts";
import { inFile } from "../../filesystem/reading/broken.ts";
import { ImageFile } from "../../filesystem/reading/image.ts";
import { type FilesystemTree, readTree } from "../../filesystem/reading/tree.ts";
import type { Directory, Inode, RegularFile } from "../../tree/inode.ts";
import { findPlace } from "../../tree/resolve.ts";
import { finished, unpaused } from "../../waiting/steps.ts";
import { type FileSource, isExecutable } from "../additions.ts";

/** A regular file of the base. */
export interface BaseFile {
  /** Without symlinks. */
  readonly path: string;
  readonly file: RegularFile;
}

/** Where a shell without a PATH of its own looks, as both of Gondolin's init scripts set it. */
export const SEARCH_PATH = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

const ZEROS = new Uint8Array(1 << 20);

/** What reading a filesystem would have one do is for one's own. */
const NAME_OTHERS = "fetch or build these guest assets again, or name others with --guest-assets";

export class BaseFilesystem {
  readonly #image: ImageFile;
  readonly #filesystem: Ext4Filesystem;
  readonly #tree: FilesystemTree;
  readonly #sources = new Map<RegularFile, FileSource>();

  /** Throws as openExt4 does, naming the file. */
  constructor(path: string) {
    this.#image = new ImageFile(path);
    try {
      this.#filesystem = finished(openExt4(this.#image));
      this.#tree = readTree(this.#filesystem);
    } catch (error) {
      this.#image.close();
      throw inFile(path, error, NAME_OTHERS);
    }
  }

  get root(): Directory {
    return this.#tree.root;
  }

  /** Symlinks are followed. */
  findFile(path: string): BaseFile | undefined {
    const place = findPlace(this.root, path);
    return place?.inode.type === "file" ? { path: place.path, file: place.inode } : undefined;
  }

  findDirectory(path: string): { readonly path: string; readonly directory: Directory } | undefined {
    const place = findPlace(this.root, path);
    return place?.inode.type === "directory" ? { path: place.path, directory: place.inode } : undefined;
  }

  /** The path of a command that the guest can run. */
  findCommand(name: string): string | undefined {
    return findCommand(this.root, name);
  }

  /** Its contents, for additions; always the same object for one inode. */
  source(file: RegularFile): FileSource {
    let source = this.#sources.get(file);
    if (source === undefined) {
      source = { size: file.size, pieces: () => this.#pieces(file) };
      this.#sources.set(file, source);
    }
    return source;
  }

  read(file: RegularFile): Uint8Array {
    return Buffer.concat([...this.#pieces(file)]);
  }

  /** The file's bytes, one character each. */
  text(file: RegularFile): string {
    return Buffer.from(this.read(file)).toString("latin1");
  }

  close(): void {
    this.#image.close();
  }

  *#pieces(file: RegularFile): Generator<Uint8Array, void> {
    const number = this.#tree.numbers.get(file);
    assert(number !== undefined, "a file was asked of a filesystem that it is not of");
    yield* withHoles(unpaused(this.#filesystem.read(this.#filesystem.inode(number))), file.size);
  }
}

/** The path of the first file of that name in the search path that can be run. */
export function findCommand(root: Directory, name: string): string | undefined {
  return SEARCH_PATH.map((folder) => `${folder}/${name}`).find((path) =>
    isCommand(findPlace(root, path)?.inode),
  );
}

export function isCommand(inode: Inode | undefined): boolean {
  return inode?.type === "file" && isExecutable(inode);
}

/** Pieces with zeros between them, up to `size`. */
function* withHoles(pieces: Iterable<Piece>, size: number): Generator<Uint8Array, void> {
  let at = 0;
  for (const { offset, bytes } of pieces) {
    yield* zeros(offset - at);
    yield bytes;
    at = offset + bytes.length;
  }
  yield* zeros(size - at);
}

function* zeros(count: number): Generator<Uint8Array, void> {
  for (let left = count; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left);
}
