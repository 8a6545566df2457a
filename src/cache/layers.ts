import { type FileHandle, open, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../disk/make-folders.ts";
import { removeFolder } from "../disk/remove-folder.ts";
import { Docker2vmError, isAbsence, systemErrorCode } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { removeAbandoned, scratchName } from "../scratch/names.ts";
import {
  CheckedFileWriter,
  checkedPieces,
  DamagedFileError,
  PIECE_SIZE,
  type PieceReader,
} from "./checked-file.ts";
import { storageError } from "./io-errors.ts";
import { dropKept, isThere, type KeptFolder, listKept } from "./kept-folders.ts";
import {
  FORM_LIMIT,
  formDocument,
  formName,
  type LayerForm,
  parseForm,
  type StoredForm,
} from "./layer-form.ts";
import { LAYERS_LIMIT, layerPath, layersFolder, temporaryFolder } from "./layout.ts";

const PARTS_NAME = "parts";
/** Of the filesystem, that is left free: the image that a layer comes from is mostly written to the same one. */
const LEFT_FREE = 0.1;

/**
 * Layers as they are unpacked, by what that follows from: each a folder with a checked file, and a document for every
 * form of the layer that was seen to amount to it. It gets its name whole, by a rename. Any number of processes may use
 * them at once, without locks.
 */
export class KeptLayers {
  readonly #folder: string;
  readonly #limit: number;

  /**
   * @param folder of the cache, which need not be there
   * @param limit bytes on the disk; beyond that the least recently used go
   */
  constructor(folder: string, limit = LAYERS_LIMIT) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** Whether there is one, in whatever form it was seen. */
  async has(key: Digest): Promise<boolean> {
    return isThere(this.#parts(key));
  }

  /** What is known of a layer that is kept, if it was seen in this form. Never fails: what cannot be read is not there. */
  async find(key: Digest, form: StoredForm): Promise<LayerForm | undefined> {
    const path = join(layerPath(this.#folder, key), formName(form));
    try {
      if (!(await this.has(key)) || (await stat(path)).size > FORM_LIMIT) return undefined;
      return parseForm(await readFile(path), form, path);
    } catch {
      return undefined;
    }
  }

  /**
   * The file of a layer, piece by piece, each good until the next, and how far it is then, from 0 to 1. Throws
   * what `reader` throws, and the system's errors.
   *
   * @param reader of the file, as checkedPieces
   */
  async *read(
    key: Digest,
    reader: PieceReader = checkedPieces,
  ): AsyncGenerator<{ readonly piece: Buffer; readonly progress: number }> {
    const path = this.#parts(key);
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      const now = new Date();
      // In a cache that may only be read there is nothing to note.
      await handle.utimes(now, now).catch(() => undefined);
      let pieces = 0;
      for await (const piece of reader(handle.fd, key)) {
        pieces++;
        yield { piece, progress: Math.min((pieces * PIECE_SIZE) / size, 1) };
      }
    } finally {
      await handle.close();
    }
  }

  /** Before any layer is to come. Throws E_NO_SPACE where less than `room` bytes are free, and as checkRoom does; E_IO. */
  async prepare(room: number): Promise<void> {
    try {
      await makeFolders(layersFolder(this.#folder), 0o700);
      await this.checkRoom(room);
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Throws E_NO_SPACE where the filesystem has so little left that nothing is to be kept for later. */
  async checkRoom(room = 0): Promise<void> {
    const folder = layersFolder(this.#folder);
    const { bavail, blocks, bsize } = await statfs(folder);
    const isNearlyFull = bavail < blocks * LEFT_FREE;
    if (!isNearlyFull && bavail * bsize >= room) return;
    const why = isNearlyFull
      ? "less than a tenth of the filesystem is free"
      : "the image may need what is free there";
    throw new Docker2vmError("E_NO_SPACE", `${folder}: ${why}`, {
      hint: "docker2vm cache prune makes room; --cache-dir names another folder",
    });
  }

  /** A file for a layer that is still to come. Throws E_NO_SPACE, as checkRoom does too, and E_IO. */
  async create(key: Digest): Promise<ComingLayer> {
    const temporary = join(temporaryFolder(this.#folder), scratchName());
    try {
      await makeFolders(layersFolder(this.#folder), 0o700);
      await this.checkRoom();
      await makeFolders(temporary, 0o700);
      await removeAbandoned(temporaryFolder(this.#folder), "", Date.now());
      const handle = await open(join(temporary, PARTS_NAME), "wx", 0o600);
      return new ComingLayer(handle, key, temporary);
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Gives a layer its name, and makes room. Whoever was faster has kept the same. Throws E_NO_SPACE and E_IO. */
  async keep(coming: ComingLayer, form: LayerForm): Promise<void> {
    try {
      await writeFile(join(coming.folder, formName(form)), formDocument(form), { mode: 0o600 });
      if (!(await this.#giveName(coming))) {
        await this.addForm(coming.key, form);
        await coming.discard();
      }
    } catch (error) {
      throw storageError(error, layerPath(this.#folder, coming.key));
    }
    await this.#makeRoom();
  }

  /** False where the layer is there already. A folder without parts is none, and gives way. */
  async #giveName({ key, folder }: ComingLayer): Promise<boolean> {
    const path = layerPath(this.#folder, key);
    try {
      await rename(folder, path);
      return true;
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST"].includes(systemErrorCode(error) ?? "")) throw error;
    }
    try {
      await stat(this.#parts(key));
      return false;
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
    await this.drop(key);
    await rename(folder, path);
    return true;
  }

  /** Notes one more form of a layer that is kept. Throws E_NO_SPACE and E_IO. */
  async addForm(key: Digest, form: LayerForm): Promise<void> {
    const path = join(layerPath(this.#folder, key), formName(form));
    const temporary = join(temporaryFolder(this.#folder), scratchName());
    try {
      await writeFile(temporary, formDocument(form), { flag: "wx", mode: 0o600 });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      // The layer has just been taken out.
      if (!isAbsence(error)) throw storageError(error, path);
    }
  }

  /** Every layer, the most recently used first. Throws E_IO. */
  list(): Promise<readonly KeptFolder[]> {
    return listKept(layersFolder(this.#folder), PARTS_NAME);
  }

  /** Whether all of a layer is as it was written; undefined where it is gone. Throws E_IO and the signal's reason. */
  async isSound(key: Digest, signal?: AbortSignal): Promise<boolean | undefined> {
    try {
      const handle = await open(this.#parts(key), "r");
      try {
        for await (const _ of checkedPieces(handle.fd, key)) signal?.throwIfAborted();
      } finally {
        await handle.close();
      }
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DamagedFileError) return false;
      if (!isAbsence(error)) throw storageError(error, this.#parts(key));
      return (await isThere(layerPath(this.#folder, key))) ? false : undefined;
    }
  }

  /** Takes a layer out. Who has begun to read it may go on. Throws E_IO. */
  drop(key: Digest): Promise<void> {
    return dropKept(this.#folder, layerPath(this.#folder, key));
  }

  /** What a failed access to a layer that is to be kept means: E_NO_SPACE or E_IO. */
  failure(error: unknown): Docker2vmError {
    return error instanceof Docker2vmError ? error : storageError(error, layersFolder(this.#folder));
  }

  async #makeRoom(): Promise<void> {
    let bytes = 0;
    for (const { key, size } of await this.list()) {
      bytes += size;
      if (bytes > this.#limit) await this.drop(key);
    }
  }

  /** Bytes that a single layer may take. */
  get limit(): number {
    return this.#limit;
  }

  #parts(key: Digest): string {
    return join(layerPath(this.#folder, key), PARTS_NAME);
  }
}

/** A layer on its way into a cache. */
export class ComingLayer {
  readonly key: Digest;
  /** It has no other name yet. */
  readonly folder: string;
  readonly #handle: FileHandle;
  readonly #writer: CheckedFileWriter;
  /** Bytes that were put into it. */
  size = 0;

  constructor(handle: FileHandle, key: Digest, folder: string) {
    this.key = key;
    this.folder = folder;
    this.#handle = handle;
    this.#writer = new CheckedFileWriter(handle.fd, join(folder, PARTS_NAME), key);
  }

  /** As CheckedFileWriter. */
  next(): Promise<Buffer> {
    return this.#writer.next();
  }

  put(length: number, isLast: boolean): void {
    this.size += length;
    this.#writer.put(length, isLast);
  }

  /** Everything was put. Throws the system's errors. */
  async close(): Promise<void> {
    try {
      await this.#writer.settle();
    } finally {
      await this.#handle.close();
    }
  }

  /** Takes away what is not to be kept, closed or not. Never fails. */
  async discard(): Promise<void> {
    await this.close().catch(() => undefined);
    await removeFolder(this.folder).catch(() => undefined);
  }
}
