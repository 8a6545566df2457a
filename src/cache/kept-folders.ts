/** Folders in a cache that are each one thing, by a key: they get their names whole and lose them at once. */
import { readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../disk/make-folders.ts";
import { removeFolder } from "../disk/remove-folder.ts";
import { isAbsence } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { scratchName } from "../scratch/names.ts";
import { noneIn, storageError } from "./io-errors.ts";
import { keyOfFolder, temporaryFolder } from "./layout.ts";

export interface KeptFolder {
  readonly key: Digest;
  /** Bytes on the disk. */
  readonly size: number;
  readonly lastUsed: Date;
  /** As in CacheListing. */
  readonly unreadable?: string;
}

/** What is told of something that the system does not let be looked at. */
export function unreadable(error: unknown, path: string) {
  return { size: 0, lastUsed: new Date(0), unreadable: storageError(error, path).message };
}

/**
 * Every one in a folder, the most recently used first: `marked` is the file whose time of change says when that was.
 * One without it is listed, too, and one that cannot be looked at: nothing else would ever take it away. Throws E_IO.
 */
export async function listKept(folder: string, marked: string): Promise<readonly KeptFolder[]> {
  const found: KeptFolder[] = [];
  for (const name of await readdir(folder).catch(noneIn(folder))) {
    const key = keyOfFolder(name);
    if (key === undefined) continue;
    const path = join(folder, name);
    try {
      found.push(await lookAt(path, key, marked));
    } catch (error) {
      // Another process may just be taking it away.
      if (!isAbsence(error)) found.push({ key, ...unreadable(error, path) });
    }
  }
  return found.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime() || (a.key < b.key ? -1 : 1));
}

/** Takes one out of the cache in `cacheFolder`. Who has begun to read a file of it may go on. Throws E_IO. */
export async function dropKept(cacheFolder: string, path: string): Promise<void> {
  const leaving = join(temporaryFolder(cacheFolder), scratchName());
  try {
    await makeFolders(temporaryFolder(cacheFolder), 0o700);
    // At once: half of it must not be found.
    await rename(path, leaving);
    await removeFolder(leaving);
  } catch (error) {
    if (!isAbsence(error)) throw storageError(error, path);
  }
}

/** Whether something is there, whatever it is. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function lookAt(folder: string, key: Digest, marked: string): Promise<KeptFolder> {
  const names = await readdir(folder);
  // A file that goes meanwhile takes none.
  const files = await Promise.all(names.map((name) => stat(join(folder, name)).catch(absent)));
  const { mtime } = await stat(join(folder, marked)).catch((error: unknown) => {
    if (!isAbsence(error)) throw error;
    return stat(folder);
  });
  return { key, size: files.reduce((sum, file) => sum + (file?.blocks ?? 0) * 512, 0), lastUsed: mtime };
}

function absent(error: unknown): undefined {
  if (!isAbsence(error)) throw error;
}
