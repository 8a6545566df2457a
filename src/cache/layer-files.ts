/** What a kept layer's folder has in it. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { removeFolder } from "../disk/remove-folder.ts";
import type { Digest } from "../oci/digest.ts";
import { checkedPieces, PIECE_SIZE, type PieceReader } from "./checked-file.ts";
import { CheckedFileWriter, type Hold } from "./checked-file-writer.ts";

/** Of a layer: its tar, and what says what in that is what. */
export const TAR_NAME = "tar";
export const ENTRIES_NAME = "entries";
/** What layers had that were kept otherwise: nobody reads them any more. */
export const FORMER_NAME = "parts";

/** What the checksums of a layer's file begin with. */
export function nameOf(key: Digest, name: string): string {
  return `${key} ${name}`;
}

/** The files of a layer. Throws the system's errors, with neither of them open. */
async function openFiles(folder: string, flags: "r" | "wx") {
  const entries = await open(join(folder, ENTRIES_NAME), flags, 0o600);
  try {
    return { entries, tar: await open(join(folder, TAR_NAME), flags, 0o600) };
  } catch (error) {
    await entries.close();
    throw error;
  }
}

/** A layer that is kept. */
export class OpenLayer {
  /** Pieces of records (layer/kept), each good until the next; as those of the tar. */
  readonly entries: AsyncGenerator<Buffer>;
  readonly tar: AsyncGenerator<Buffer>;
  readonly #handles: readonly FileHandle[];

  private constructor(entries: FileHandle, tar: FileHandle, key: Digest, reader: PieceReader) {
    this.entries = checkedPieces(entries.fd, nameOf(key, ENTRIES_NAME));
    this.tar = reader(tar.fd, nameOf(key, TAR_NAME));
    this.#handles = [entries, tar];
  }

  /** In a layer's folder. Throws the system's errors; what reads the files throws as `reader` does. */
  static async in(folder: string, key: Digest, reader: PieceReader): Promise<OpenLayer> {
    const { entries, tar } = await openFiles(folder, "r");
    const now = new Date();
    // In a cache that may only be read there is nothing to note.
    await entries.utimes(now, now).catch(() => undefined);
    return new OpenLayer(entries, tar, key, reader);
  }

  /** Pieces of the tar, at most. */
  async tarPieces(): Promise<number> {
    const { size } = (await this.#handles[1]?.stat()) ?? { size: 0 };
    return Math.ceil(size / PIECE_SIZE);
  }

  async close(): Promise<void> {
    // Whoever reads them may be another thread.
    await this.entries.return(undefined);
    await this.tar.return(undefined);
    for (const handle of this.#handles) await handle.close();
  }
}

/** A layer on its way into a cache. */
export class ComingLayer {
  readonly key: Digest;
  /** It has no other name yet. */
  readonly folder: string;
  readonly #handles: readonly FileHandle[];
  readonly #entries: CheckedFileWriter;
  readonly #tar: CheckedFileWriter;
  /** Bytes that were put into it. */
  size = 0;
  /** Memory for the next piece of the tar, and how much of that is filled. */
  #piece: Buffer | undefined;
  #filled = 0;

  private constructor(entries: FileHandle, tar: FileHandle, key: Digest, folder: string) {
    this.key = key;
    this.folder = folder;
    this.#handles = [entries, tar];
    const path = (name: string) => join(folder, name);
    this.#entries = new CheckedFileWriter(entries.fd, path(ENTRIES_NAME), nameOf(key, ENTRIES_NAME));
    this.#tar = new CheckedFileWriter(tar.fd, path(TAR_NAME), nameOf(key, TAR_NAME));
  }

  /** In an empty folder. Throws the system's errors. */
  static async in(folder: string, key: Digest): Promise<ComingLayer> {
    const { entries, tar } = await openFiles(folder, "wx");
    return new ComingLayer(entries, tar, key, folder);
  }

  /** Memory for the next piece of records, as CheckedFileWriter. */
  next(): Promise<Buffer> {
    return this.#entries.next();
  }

  put(length: number): void {
    this.size += length;
    this.#entries.put(length);
  }

  /**
   * Takes the next bytes of the tar, no more than a piece; gives where in the file they come. Throws the system's error
   * of earlier ones.
   *
   * @param hold of their memory, if that can be; else they are copied
   */
  async addTar(bytes: Uint8Array, hold: Hold | undefined): Promise<number> {
    this.size += bytes.length;
    const { position } = this.#tar;
    if (hold !== undefined && this.#piece === undefined && this.#tar.place(bytes, hold)) return position;
    return this.#copy(bytes);
  }

  /** The tar is complete: what of it is held is written as soon as can be. */
  endTar(): void {
    this.#tar.flush();
  }

  /** Everything has come. Throws the system's errors. */
  async close(): Promise<void> {
    this.#putPiece();
    try {
      await this.#tar.finish();
      await this.#entries.finish();
    } finally {
      await this.#settle();
    }
  }

  /** Takes away what is not to be kept, closed or not. Never fails. */
  async discard(): Promise<void> {
    await this.#settle().catch(() => undefined);
    await removeFolder(this.folder).catch(() => undefined);
  }

  async #copy(bytes: Uint8Array): Promise<number> {
    const at = this.#tar.position + this.#filled;
    for (let done = 0; done < bytes.length; ) {
      this.#piece ??= await this.#tar.next();
      const part = bytes.subarray(done, done + this.#piece.length - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      done += part.length;
      if (this.#filled === this.#piece.length) this.#putPiece();
    }
    return at;
  }

  #putPiece(): void {
    if (this.#piece !== undefined) this.#tar.put(this.#filled);
    this.#piece = undefined;
    this.#filled = 0;
  }

  async #settle(): Promise<void> {
    await this.#tar.settle();
    await this.#entries.settle();
    for (const handle of this.#handles) await handle.close();
  }
}
