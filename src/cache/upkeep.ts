/** Looking after a cache: what is in it, making room, checking. */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAbsence } from "../errors.ts";
import { given } from "../given.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { Cache } from "./cache.ts";
import { isStorageError, noneIn, storageError } from "./io-errors.ts";
import { isAsKept } from "./kept-file.ts";
import { unreadable } from "./kept-folders.ts";
import { KeptLayers } from "./layers.ts";
import { blobFolders, digestOfFile, resultPath, tagFolder } from "./layout.ts";
import { Results, readDocument } from "./results.ts";

/** What a cache holds under a digest: a part of an image, one as it is unpacked, or all that a conversion has made. */
export interface CacheListing {
  readonly kind: "blob" | "layer" | "result";
  /** Of a blob's bytes; of what the others follow from, which is their key. */
  readonly digest: Digest;
  /** Bytes; of layers and results those that their files take on the disk. */
  readonly size: number;
  readonly lastUsed: Date;
  /**
   * Which file cannot be looked at, and what the system says; absent where all of it can be. The size is 0 then, and the
   * last use at the beginning of 1970.
   */
  readonly unreadable?: string;
}

/** What may stay in a cache; without any, nothing. */
export interface PruneOptions {
  /** Bytes that may stay; of the rest, the least recently used go first. Absent: no matter how many. */
  readonly keepBytes?: number | undefined;
  /** What was last used before this goes. Absent: no matter when. */
  readonly olderThan?: Date | undefined;
}

/** What went, and what is there still, the most recently used first. */
export interface PruneResult {
  readonly removed: readonly CacheListing[];
  readonly kept: readonly CacheListing[];
}

/** How what a cache holds was found. */
export interface VerifyResult {
  /** How many things are as they were. */
  readonly sound: number;
  /** What did not hash to its name, or is not as it was when it was kept, and is gone now. */
  readonly damaged: readonly Digest[];
  /** What could not be read, or not be removed: it is there still. */
  readonly failed: readonly FailedCheck[];
}

/** Something in a cache that the system would not let be checked. */
export interface FailedCheck {
  readonly digest: Digest;
  /** Which file it is about, and what the system says. */
  readonly reason: string;
}

/**
 * All that the cache in a folder holds, the most recently used first; nothing where there is no cache. Throws E_IO.
 *
 * @example
 * ```ts
 * import { defaultCacheFolder, listCache, pruneCache, verifyCache } from "docker2vm";
 *
 * const folder = defaultCacheFolder({ XDG_CACHE_HOME: `${process.cwd()}/cache` });
 * if (folder !== undefined) {
 *   for (const { digest, size, lastUsed } of await listCache(folder)) console.log(digest, size, lastUsed);
 *   const { removed, kept } = await pruneCache(folder, { keepBytes: 5 * 2 ** 30 });
 *   const { damaged, failed } = await verifyCache(folder);
 *   console.log(removed.length, kept.length, damaged, failed);
 * }
 * ```
 */
export async function listCache(folder: string): Promise<readonly CacheListing[]> {
  given({ folder }, { folder: "text" });
  const found: CacheListing[] = [];
  for (const blobFolder of blobFolders(folder)) {
    for (const name of await readdir(blobFolder).catch(noneIn(blobFolder))) {
      const digest = digestOfFile(blobFolder, name);
      const facts = digest && (await blobFacts(join(blobFolder, name)));
      if (digest !== undefined && facts !== undefined) found.push({ kind: "blob", digest, ...facts });
    }
  }
  for (const { key, ...layer } of await new KeptLayers(folder).list()) {
    found.push({ kind: "layer", digest: key, ...layer });
  }
  for (const { key, ...result } of await new Results(folder).list()) {
    found.push({ kind: "result", digest: key, ...result });
  }
  return found.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime() || (a.digest < b.digest ? -1 : 1));
}

/** Undefined for what is no file. */
async function blobFacts(path: string): Promise<Omit<CacheListing, "kind" | "digest"> | undefined> {
  try {
    const file = await stat(path);
    return file.isFile() ? { size: file.size, lastUsed: file.mtime } : undefined;
  } catch (error) {
    // Another process may just have taken it out.
    return isAbsence(error) ? undefined : unreadable(error, path);
  }
}

/**
 * Removes blobs, layers and results by the options, all of them if none is given, and the tags that led to nothing else.
 * What cannot be looked at only goes with all. Throws E_IO. The example is that of `listCache`.
 */
export async function pruneCache(folder: string, options: PruneOptions): Promise<PruneResult> {
  // What compares with nothing would let nothing stay.
  const { olderThan } = given(options, {}, { keepBytes: "bytes", olderThan: "time" });
  const keepBytes = options.keepBytes ?? (olderThan === undefined ? 0 : Number.POSITIVE_INFINITY);
  const removed: CacheListing[] = [];
  const kept: CacheListing[] = [];
  let bytes = 0;
  const isAll = olderThan === undefined && keepBytes === 0;
  for (const blob of await listCache(folder)) {
    const isKnown = blob.unreadable === undefined;
    const fits = (olderThan === undefined || blob.lastUsed >= olderThan) && bytes + blob.size <= keepBytes;
    const stays = isKnown ? fits : !isAll;
    if (stays) bytes += blob.size;
    (stays ? kept : removed).push(blob);
  }
  const cache = new Cache(folder);
  const others = { layer: new KeptLayers(folder), result: new Results(folder) };
  for (const { kind, digest } of removed) await (kind === "blob" ? cache : others[kind]).drop(digest);
  await removeTags(folder, new Set(kept.map(({ digest }) => digest)));
  return { removed, kept };
}

/**
 * Reads everything and removes what is not as it was; what cannot be read stays, and is told. Throws E_IO where the
 * cache's folders cannot be listed, and the signal's reason. The example is that of `listCache`.
 */
export async function verifyCache(folder: string, signal?: AbortSignal): Promise<VerifyResult> {
  given({ folder }, { folder: "text" });
  const cache = new Cache(folder);
  const layers = new KeptLayers(folder);
  const stores = {
    blob: { store: cache, isSound: (digest: Digest) => blobIsSound(cache, digest, signal) },
    layer: { store: layers, isSound: (digest: Digest) => layers.isSound(digest, signal) },
    result: {
      store: new Results(folder),
      isSound: (digest: Digest) => resultIsSound(folder, digest, signal),
    },
  };
  const damaged: Digest[] = [];
  const failed: FailedCheck[] = [];
  let sound = 0;
  for (const { kind, digest } of await listCache(folder)) {
    try {
      const isSound = await stores[kind].isSound(digest);
      if (isSound === true) sound += 1;
      if (isSound !== false) continue;
      await stores[kind].store.drop(digest);
      damaged.push(digest);
    } catch (error) {
      if (!isStorageError(error)) throw error;
      failed.push({ digest, reason: error.message });
    }
  }
  return { sound, damaged, failed };
}

/** Undefined where it is gone. */
async function blobIsSound(cache: Cache, digest: Digest, signal?: AbortSignal): Promise<boolean | undefined> {
  const blob = await cache.openRead(digest);
  try {
    return await blob?.isSound(signal);
  } finally {
    await blob?.close();
  }
}

/** Undefined where it is gone. A file that is not there makes a result as bad as one that was changed. */
async function resultIsSound(
  folder: string,
  key: Digest,
  signal?: AbortSignal,
): Promise<boolean | undefined> {
  const path = resultPath(folder, key);
  try {
    const document = await readDocument(path, key);
    for (const file of document?.files ?? []) {
      if (!(await isAsKept(join(path, file.name), file, signal))) return false;
    }
    return document !== undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (isAbsence(error)) return (await stat(path).catch(() => undefined)) === undefined ? undefined : false;
    throw storageError(error, path);
  }
}

async function removeTags(folder: string, kept: ReadonlySet<Digest>): Promise<void> {
  const tags = tagFolder(folder);
  const files = await readdir(tags, { recursive: true, withFileTypes: true }).catch(noneIn(tags));
  for (const file of files.filter((each) => each.isFile())) {
    const path = join(file.parentPath, file.name);
    const digest = (await readFile(path, "utf8").catch(() => "")).trim();
    if (!isDigest(digest) || !kept.has(digest)) await remove(path);
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw storageError(error, path);
  });
}
