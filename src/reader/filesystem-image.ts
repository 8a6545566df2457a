import type { AnyFacts } from "../filesystem/open.ts";
import { atPath, inFile } from "../filesystem/reading/broken.ts";
import { type Extraction, extract, type LeftOut } from "../filesystem/reading/extract.ts";
import type { FileType, ReadableFilesystem, Replay } from "../filesystem/reading/filesystem.ts";
import { filledContents } from "../filesystem/reading/filled.ts";
import { type ListedFile, list } from "../filesystem/reading/list.ts";
import { lookup } from "../filesystem/reading/lookup.ts";
import type { OpenedFilesystem } from "../filesystem/reading/reader.ts";
import { archive } from "../filesystem/reading/tar/archive.ts";
import type { Timestamp } from "../tree/inode.ts";
import { inTurns, itemsInTurns } from "../waiting/steps.ts";
import { bytesOf, textOf } from "./text.ts";

/** A path in an image, from its root: text, or bytes for names that are no UTF-8. */
export type ImagePath = string | Uint8Array;

/** Ends what is under way when it fires, with its reason. */
export interface Stoppable {
  readonly signal?: AbortSignal | undefined;
}

/** A file as `ls -l` tells of it. */
export interface ImageEntry {
  /** Below the path that was asked for, the last name alone for a file: UTF-8, U+FFFD for what is none. */
  readonly path: string;
  /** The same as it is. */
  readonly pathBytes: Uint8Array;
  /** The number of its inode: names that share one are one file. */
  readonly inode: number;
  readonly type: FileType;
  /** st_mode: type and permissions. */
  readonly mode: number;
  /** How many names it has. */
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  readonly mtime: Timestamp;
  /** Of a symlink; absent if it is encrypted. */
  readonly target?: string;
  /** Of a device. */
  readonly device?: { readonly major: number; readonly minor: number };
}

/**
 * The filesystem in an image, for reading; the image is never written to. What is broken in it throws
 * E_INVALID_FILESYSTEM with the place, a path that is not there E_PATH_NOT_FOUND.
 */
export interface FilesystemImage {
  /** What of the journal was put in place in memory; undefined where nothing had to be, or was not to be. */
  readonly replay: Replay | undefined;
  /** What the superblock says; names are text. */
  inspect(): AnyFacts;
  /**
   * The files in the directory at `path` ("/" if absent) by name, with `recursive` all that is below, or the one file that
   * is there. A symlink at the path's end is followed only if that ends in a slash.
   */
  list(path?: ImagePath, options?: ListOptions): AsyncGenerator<ImageEntry, void>;
  /** The contents of the file at `path`, holes as zeros, in chunks that are only to be read. Symlinks are followed. */
  read(path: ImagePath, options?: Stoppable): AsyncGenerator<Uint8Array, void>;
  /**
   * Copies the directory's contents, or the one file, into `folder`, which is made or must be empty; nothing in the image
   * leads out of it. Owners and devices need root, and what could not be kept is counted or listed. After an error or a
   * signal what was copied so far is there, no file in part. Throws E_OUTPUT_EXISTS, E_NO_SPACE and E_IO, too.
   */
  extract(path: ImagePath, folder: string, options?: Stoppable): Promise<Extraction>;
  /**
   * The directory's contents, or the one file, as a tar that keeps owners, modes, times, devices, further names and
   * attributes. The chunks are only to be read.
   */
  tar(path?: ImagePath, options?: TarOptions): AsyncGenerator<Uint8Array, void>;
  /** Gives the image's file back; not while anything is being read. */
  close(): void;
}

/** What is listed. */
export interface ListOptions extends Stoppable {
  /** Also what is in the folders below; false if absent. */
  readonly recursive?: boolean | undefined;
}

/** How a tar is made. */
export interface TarOptions extends Stoppable {
  /** Told what a tar cannot hold. */
  readonly onLeftOut?: ((left: LeftOut) => void) | undefined;
}

/** What `openImage` hands out. */
export class OpenedImage implements FilesystemImage {
  readonly #filesystem: ReadableFilesystem;
  readonly #facts: () => AnyFacts;
  readonly #name: string;
  readonly #close: () => void;

  /** @param name of the image, for messages */
  constructor({ filesystem, facts }: OpenedFilesystem<AnyFacts>, name: string, close: () => void) {
    this.#filesystem = filesystem;
    this.#facts = facts;
    this.#name = name;
    this.#close = close;
  }

  get replay(): Replay | undefined {
    return this.#filesystem.replay;
  }

  inspect(): AnyFacts {
    const facts = this.#facts();
    const label = textOf(facts.label);
    if (!("lastMounted" in facts)) return { ...facts, label };
    return { ...facts, label, lastMounted: textOf(facts.lastMounted) };
  }

  async *list(
    path: ImagePath = "/",
    { recursive = false, signal }: ListOptions = {},
  ): AsyncGenerator<ImageEntry, void> {
    const files = list(this.#filesystem, bytesOf(path), { recursive });
    yield* this.#named(mapped(itemsInTurns(files, signal), entryOf));
  }

  async *read(path: ImagePath, { signal }: Stoppable = {}): AsyncGenerator<Uint8Array, void> {
    yield* this.#named(this.#contents(bytesOf(path), signal));
  }

  async *#contents(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    const file = await inTurns(lookup(this.#filesystem, path), signal);
    try {
      yield* itemsInTurns(filledContents(this.#filesystem, file), signal);
    } catch (error) {
      throw atPath(error, path);
    }
  }

  async extract(path: ImagePath, folder: string, { signal }: Stoppable = {}): Promise<Extraction> {
    try {
      const extraction = await inTurns(extract(this.#filesystem, bytesOf(path), folder), signal);
      return { ...extraction, leftOut: extraction.leftOut.map(leftOutText) };
    } catch (error) {
      throw inFile(this.#name, error);
    }
  }

  async *tar(
    path: ImagePath = "/",
    { signal, onLeftOut }: TarOptions = {},
  ): AsyncGenerator<Uint8Array, void> {
    const told = (left: LeftOut): void => onLeftOut?.(leftOutText(left));
    yield* this.#named(archive(this.#filesystem, bytesOf(path), told, { signal }));
  }

  close(): void {
    this.#close();
  }

  async *#named<T>(items: AsyncIterable<T>): AsyncGenerator<T, void> {
    try {
      yield* items;
    } catch (error) {
      throw inFile(this.#name, error);
    }
  }
}

async function* mapped<From, To>(items: AsyncIterable<From>, make: (item: From) => To): AsyncGenerator<To> {
  for await (const item of items) yield make(item);
}

function entryOf({ path, target, ...facts }: ListedFile): ImageEntry {
  const entry = { path: textOf(path), pathBytes: new Uint8Array(Buffer.from(path, "latin1")), ...facts };
  return target === undefined ? entry : { ...entry, target: textOf(target) };
}

function leftOutText({ path, why }: LeftOut): LeftOut {
  return { path: textOf(path), why };
}
