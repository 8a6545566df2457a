/** Looking after a cache: what is in it, making room, checking. */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../errors.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { openCache } from "./cache.ts";
import { storageError } from "./io-errors.ts";
import { blobFolders, blobPath, digestOfFile, tagFolder } from "./layout.ts";

/** A blob in a cache. */
export interface CacheListing {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly lastUsed: Date;
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

/** How the blobs of a cache were found. */
export interface VerifyResult {
  readonly sound: number;
  /** What did not hash to its name, and is gone now. */
  readonly damaged: readonly Digest[];
}

/**
 * Every blob of the cache in a folder, the most recently used first; none where there is no cache. Throws E_IO.
 *
 * @example
 * ```ts
 * import { defaultCacheFolder, listCache, pruneCache, verifyCache } from "docker2vm";
 *
 * const folder = defaultCacheFolder({ XDG_CACHE_HOME: `${process.cwd()}/cache` });
 * if (folder !== undefined) {
 *   for (const { digest, size, lastUsed } of await listCache(folder)) console.log(digest, size, lastUsed);
 *   const { removed, kept } = await pruneCache(folder, { keepBytes: 5 * 2 ** 30 });
 *   const { damaged } = await verifyCache(folder);
 *   console.log(removed.length, kept.length, damaged);
 * }
 * ```
 */
export async function listCache(folder: string): Promise<readonly CacheListing[]> {
  const found: CacheListing[] = [];
  for (const blobFolder of blobFolders(folder)) {
    for (const name of await readdir(blobFolder).catch(noneIn(blobFolder))) {
      const digest = digestOfFile(blobFolder, name);
      const file = await stat(join(blobFolder, name)).catch(() => undefined);
      // Another process may just have taken it out.
      if (digest !== undefined && file?.isFile())
        found.push({ digest, size: file.size, lastUsed: file.mtime });
    }
  }
  return found.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime() || (a.digest < b.digest ? -1 : 1));
}

/** Removes blobs by the options, all of them if none is given, and the tags that led to nothing else. Throws E_IO. */
export async function pruneCache(folder: string, options: PruneOptions): Promise<PruneResult> {
  const { olderThan } = options;
  const keepBytes = options.keepBytes ?? (olderThan === undefined ? 0 : Number.POSITIVE_INFINITY);
  const removed: CacheListing[] = [];
  const kept: CacheListing[] = [];
  let bytes = 0;
  for (const blob of await listCache(folder)) {
    const stays = (olderThan === undefined || blob.lastUsed >= olderThan) && bytes + blob.size <= keepBytes;
    if (stays) bytes += blob.size;
    (stays ? kept : removed).push(blob);
  }
  for (const { digest } of removed) await remove(blobPath(folder, digest));
  await removeTags(folder, new Set(kept.map(({ digest }) => digest)));
  return { removed, kept };
}

/** Reads every blob and removes those that do not hash to their names. Throws E_IO and the signal's reason. */
export async function verifyCache(folder: string, signal?: AbortSignal): Promise<VerifyResult> {
  const cache = await openCache(folder);
  const damaged: Digest[] = [];
  let sound = 0;
  for (const { digest } of await listCache(folder)) {
    const blob = await cache.openRead(digest);
    if (blob === undefined) continue;
    try {
      if (await blob.isSound(signal)) sound += 1;
      else {
        await cache.drop(digest);
        damaged.push(digest);
      }
    } finally {
      await blob.close();
    }
  }
  return { sound, damaged };
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

/** For a folder that is not there: nothing is in it. */
function noneIn(folder: string): (error: unknown) => [] {
  return (error) => {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw storageError(error, folder);
  };
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw storageError(error, path);
  });
}
