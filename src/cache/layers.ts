import { open, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../disk/make-folders.ts";
import { Docker2vmError, isAbsence, systemErrorCode } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { removeAbandoned, scratchName } from "../scratch/names.ts";
import { checkedPieces, DamagedFileError, type PieceReader } from "./checked-file.ts";
import { storageError } from "./io-errors.ts";
import { dropKept, isThere, type KeptFolder, listKept } from "./kept-folders.ts";
import { ComingLayer, ENTRIES_NAME, FORMER_NAME, nameOf, OpenLayer, TAR_NAME } from "./layer-files.ts";
import {
  FORM_LIMIT,
  formDocument,
  formName,
  type LayerForm,
  parseForm,
  type StoredForm,
} from "./layer-form.ts";
import { LAYERS_LIMIT, layerPath, layersFolder, temporaryFolder } from "./layout.ts";

/** Of the filesystem, that is left free: the image that a layer comes from is mostly written to the same one. */
const LEFT_FREE = 0.1;

/**
 * Layers as they are unpacked, by what that follows from: each a folder with two checked files, and a document for every
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
    return (await isThere(this.#file(key, TAR_NAME))) && (await isThere(this.#file(key, ENTRIES_NAME)));
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
   * Opens a layer. Throws as OpenLayer.in.
   *
   * @param reader of the tar, as checkedPieces
   */
  open(key: Digest, reader: PieceReader = checkedPieces): Promise<OpenLayer> {
    return OpenLayer.in(layerPath(this.#folder, key), key, reader);
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
      return await ComingLayer.in(temporary, key);
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

  /** False where the layer is there already. A folder that lacks a file is none, and gives way. */
  async #giveName({ key, folder }: ComingLayer): Promise<boolean> {
    const path = layerPath(this.#folder, key);
    try {
      await rename(folder, path);
      return true;
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST"].includes(systemErrorCode(error) ?? "")) throw error;
    }
    try {
      for (const name of [TAR_NAME, ENTRIES_NAME]) await stat(this.#file(key, name));
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
    return listKept(layersFolder(this.#folder), ENTRIES_NAME);
  }

  /**
   * Whether all of a layer is as it was written; undefined where it is gone, as one is after this that was kept in a
   * former way. Throws E_IO and the signal's reason.
   */
  async isSound(key: Digest, signal?: AbortSignal): Promise<boolean | undefined> {
    if (await this.#isFormer(key)) {
      await this.drop(key);
      return undefined;
    }
    for (const name of [ENTRIES_NAME, TAR_NAME]) {
      const found = await this.#isFileSound(key, name, signal);
      if (found !== true) return found;
    }
    return true;
  }

  async #isFileSound(key: Digest, name: string, signal?: AbortSignal): Promise<boolean | undefined> {
    const path = this.#file(key, name);
    try {
      const handle = await open(path, "r");
      try {
        for await (const _ of checkedPieces(handle.fd, nameOf(key, name))) signal?.throwIfAborted();
      } finally {
        await handle.close();
      }
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DamagedFileError) return false;
      if (!isAbsence(error)) throw storageError(error, path);
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
    for (const { key, size, unreadable } of await this.list()) {
      if (unreadable !== undefined) continue;
      const isFormer = await this.#isFormer(key);
      if (!isFormer) bytes += size;
      if (isFormer || bytes > this.#limit) await this.drop(key);
    }
  }

  #isFormer(key: Digest): Promise<boolean> {
    return isThere(this.#file(key, FORMER_NAME));
  }

  /** Bytes that a single layer may take. */
  get limit(): number {
    return this.#limit;
  }

  #file(key: Digest, name: string): string {
    return join(layerPath(this.#folder, key), name);
  }
}
