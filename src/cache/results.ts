import { open, readdir, readFile, rename, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../disk/make-folders.ts";
import { removeFolder } from "../disk/remove-folder.ts";
import { Docker2vmError, isAbsence, systemErrorCode } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { removeAbandoned, scratchName } from "../scratch/names.ts";
import { storageError } from "./io-errors.ts";
import { bringOut, stampOf, takeIn } from "./kept-file.ts";
import { dropKept, isThere, type KeptFolder, listKept } from "./kept-folders.ts";
import { resultPath, resultsFolder, temporaryFolder } from "./layout.ts";
import {
  DOCUMENT_LIMIT,
  DOCUMENT_NAME,
  type KeptFile,
  parseResult,
  type ResultDocument,
  resultDocument,
} from "./result-document.ts";

/** Bytes on the disk that kept results may take, together; beyond that the least recently used go. */
export const RESULTS_LIMIT = 20 * 2 ** 30;
/** Looks at a clock that has to move on, and milliseconds between them: no system's ticks are longer. */
const TICKS = 10;
const TICK = 3;

/** A result that is to be kept: where its files are, by the names that it knows them by. */
export interface ResultToKeep {
  readonly key: Digest;
  readonly note: string;
  readonly files: ReadonlyMap<string, string>;
}

/** Where the files of a result are wanted. */
export interface Wanted {
  readonly key: Digest;
  /** Paths of new files by the names that the result knows them by: all that it has, and no others. */
  readonly files: ReadonlyMap<string, string>;
  /** Of the files, less what the process leaves out of every file's. */
  readonly mode: number;
}

/**
 * Results of conversions by what they follow from, each a folder that gets its name whole, by a rename, and never
 * changes after. Any number of processes may use them at once, without locks.
 */
export class Results {
  readonly #folder: string;

  /** @param folder of the cache, which need not be there */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether there are any. */
  async any(): Promise<boolean> {
    return (await readdir(resultsFolder(this.#folder)).catch(() => [])).length > 0;
  }

  /**
   * Brings the files of a result to where they are wanted and gives its note: "damaged" where it is not as it was kept,
   * and gone now; undefined where there is none. What is at the new places then is to be thrown away. Throws E_IO and
   * E_NO_SPACE, of either side, and the signal's reason.
   */
  async bring(
    wanted: Wanted,
    signal: AbortSignal,
  ): Promise<{ readonly note: string } | "damaged" | undefined> {
    const folder = resultPath(this.#folder, wanted.key);
    try {
      const document = await readDocument(folder, wanted.key);
      if (document !== undefined && (await bringAll(folder, document, wanted, signal))) {
        const now = new Date();
        await utimes(join(folder, DOCUMENT_NAME), now, now).catch(() => undefined);
        return document;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isAbsence(error)) throw storageError(error, folder);
      // Nothing there, or somebody takes it away just now.
      if (!(await isThere(join(folder, DOCUMENT_NAME)))) return undefined;
    }
    await this.drop(wanted.key);
    return "damaged";
  }

  /**
   * Keeps a result whose files nobody changes meanwhile, and makes room for it. False where it would have to be copied
   * and no `copies` are wanted. Throws E_IO, E_NO_SPACE and the signal's reason.
   */
  async keep(
    { key, note, files }: ResultToKeep,
    manner: { readonly copies: boolean; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const temporary = join(temporaryFolder(this.#folder), scratchName());
    try {
      await makeFolders(resultsFolder(this.#folder), 0o700);
      await makeFolders(temporary, 0o700);
      await removeAbandoned(temporaryFolder(this.#folder), "", Date.now());
      const kept: Omit<KeptFile, "stamp">[] = [];
      for (const [name, path] of files) {
        const taken = await takeIn(path, join(temporary, name), manner);
        if (taken === undefined) return false;
        await sync(join(temporary, name));
        kept.push({ name, size: (await stat(path)).size, checksums: taken.checksums });
      }
      await describe(temporary, { key, note, files: kept });
      await this.#giveName(temporary, key);
      await sync(resultsFolder(this.#folder));
    } catch (error) {
      manner.signal.throwIfAborted();
      throw storageError(error, resultPath(this.#folder, key));
    } finally {
      await removeFolder(temporary).catch(() => undefined);
    }
    await this.#makeRoom();
    return true;
  }

  /** Every result, the most recently used first. Throws E_IO. */
  list(): Promise<readonly KeptFolder[]> {
    return listKept(resultsFolder(this.#folder), DOCUMENT_NAME);
  }

  /** Takes a result out. Who has begun to read a file of it may go on. Throws E_IO. */
  drop(key: Digest): Promise<void> {
    return dropKept(this.#folder, resultPath(this.#folder, key));
  }

  /** Whoever was faster has kept the same; what is no whole result gives way. */
  async #giveName(temporary: string, key: Digest): Promise<void> {
    const folder = resultPath(this.#folder, key);
    try {
      await rename(temporary, folder);
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST"].includes(systemErrorCode(error) ?? "")) throw error;
      if ((await readDocument(folder, key).catch(() => undefined)) !== undefined) return;
      await this.drop(key);
      await rename(temporary, folder);
    }
  }

  async #makeRoom(): Promise<void> {
    let bytes = 0;
    for (const { key, size, unreadable } of await this.list()) {
      bytes += size;
      if (bytes > RESULTS_LIMIT && unreadable === undefined) await this.drop(key);
    }
  }
}

/** The document of a result; undefined where it is broken, or another's. Rejects with the system's errors. */
export async function readDocument(folder: string, key: Digest): Promise<ResultDocument | undefined> {
  const path = join(folder, DOCUMENT_NAME);
  if ((await stat(path)).size > DOCUMENT_LIMIT) return undefined;
  try {
    return parseResult(await readFile(path), key, path);
  } catch (error) {
    if (error instanceof Docker2vmError) return undefined;
    throw error;
  }
}

async function bringAll(
  folder: string,
  { files }: ResultDocument,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<boolean> {
  if (files.length !== wanted.files.size) return false;
  for (const file of files) {
    const to = wanted.files.get(file.name);
    if (to === undefined) return false;
    if (!(await bringOut(join(folder, file.name), file, to, wanted.mode, signal))) return false;
  }
  return true;
}

/**
 * Writes the document of files that are in place. A stamp tells only of writes at a later time than its own: so the
 * clock has to have moved on before anybody else can find the files.
 */
async function describe(
  folder: string,
  { files, ...rest }: { key: Digest; note: string; files: readonly Omit<KeptFile, "stamp">[] },
): Promise<void> {
  const stamped: KeptFile[] = [];
  let newest = 0n;
  for (const file of files) {
    const { stamp, changed } = await stampOf(join(folder, file.name));
    if (changed > newest) newest = changed;
    stamped.push({ ...file, stamp });
  }
  const path = join(folder, DOCUMENT_NAME);
  const write = async (documented: readonly KeptFile[]): Promise<void> => {
    const handle = await open(path, "w", 0o600);
    try {
      await handle.writeFile(resultDocument({ ...rest, files: documented }));
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  for (let looks = 0; looks < TICKS; looks++) {
    await write(stamped);
    if ((await stampOf(path)).changed > newest) return;
    await new Promise((resolve) => setTimeout(resolve, TICK));
  }
  if (files.some(({ checksums }) => checksums === undefined)) throw new Error("the clock stands still");
  await write(stamped.map((file) => ({ ...file, stamp: undefined })));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
