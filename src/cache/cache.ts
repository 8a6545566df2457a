import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolders } from "../disk/make-folders.ts";
import { checkDigest, type Digest, isDigest } from "../oci/digest.ts";
import { removeAbandoned, scratchName } from "../scratch/names.ts";
import { CachedBlob } from "./cached-blob.ts";
import { GrowingFile } from "./growing-file.ts";
import { storageError } from "./io-errors.ts";
import { blobFolders, blobPath, type TagName, tagPath, temporaryFolder } from "./layout.ts";
import type { Spare } from "./spared-file.ts";

/**
 * Parts of images by their digests, and what tags stood for when they were last looked up. Any number of processes may
 * use a folder at once, without locks: files get their names whole, by a rename, and never change after.
 */
export class Cache {
  readonly folder: string;

  /** See openCache. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Whether there is a blob of the digest, sound or not. */
  async has(digest: Digest): Promise<boolean> {
    return stat(blobPath(this.folder, digest)).then(
      () => true,
      () => false,
    );
  }

  /** The blob, undefined if there is none. Its bytes are not checked. The caller closes it. */
  async openRead(digest: Digest): Promise<CachedBlob | undefined> {
    return CachedBlob.open(blobPath(this.folder, digest), digest);
  }

  /**
   * All the bytes of a blob of at most `limit` bytes, checked; undefined if there is none. A damaged one is dropped and
   * counts as none.
   */
  async read(digest: Digest, limit: number): Promise<Uint8Array | undefined> {
    const blob = await this.openRead(digest);
    if (blob === undefined) return undefined;
    try {
      if (blob.size <= limit && (await blob.isSound())) {
        await blob.markUsed();
        const chunks: Uint8Array[] = [];
        for await (const chunk of blob.read()) chunks.push(chunk);
        return Buffer.concat(chunks);
      }
    } finally {
      await blob.close();
    }
    await this.drop(digest);
    return undefined;
  }

  /** Keeps bytes that hash to the digest. Throws E_DIGEST_MISMATCH if they do not, E_NO_SPACE and E_IO. */
  async write(digest: Digest, bytes: Uint8Array): Promise<void> {
    const path = blobPath(this.folder, digest);
    checkDigest(bytes, digest, path);
    await this.#putWhole(path, bytes);
  }

  /** A file for a blob that is still to come; `spare` is GrowingFile's. Throws E_NO_SPACE and E_IO. */
  async create(digest: Digest, spare?: Spare): Promise<CacheEntry> {
    const path = join(temporaryFolder(this.folder), scratchName());
    try {
      const file = new GrowingFile(await open(path, "wx+", 0o600), path, spare);
      return new CacheEntry(file, path, blobPath(this.folder, digest));
    } catch (error) {
      throw storageError(error, path);
    }
  }

  /** Takes a blob out. Who is reading it may go on. */
  async drop(digest: Digest): Promise<void> {
    const path = blobPath(this.folder, digest);
    await rm(path, { force: true }).catch((error: unknown) => {
      throw storageError(error, path);
    });
  }

  /** What the tag stood for, undefined if that was never recorded. */
  async readTag(name: TagName): Promise<Digest | undefined> {
    const text = await readFile(tagPath(this.folder, name), "utf8").catch(() => "");
    const digest = text.trim();
    return isDigest(digest) ? digest : undefined;
  }

  async writeTag(name: TagName, digest: Digest): Promise<void> {
    await this.#putWhole(tagPath(this.folder, name), `${digest}\n`);
  }

  async #putWhole(path: string, content: Uint8Array | string): Promise<void> {
    const temporary = join(temporaryFolder(this.folder), scratchName());
    try {
      await makeFolders(dirname(path), 0o700);
      await writeFile(temporary, content, { flag: "wx", mode: 0o600 });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw storageError(error, path);
    }
  }
}

/** A blob on its way into the cache: written, and readable, under a temporary name. */
export class CacheEntry {
  readonly file: GrowingFile;
  readonly #temporary: string;
  readonly #path: string;

  constructor(file: GrowingFile, temporary: string, path: string) {
    this.file = file;
    this.#temporary = temporary;
    this.#path = path;
  }

  /** Gives the complete file its name: the caller has checked its size and digest. */
  async commit(): Promise<void> {
    await rename(this.#temporary, this.#path).catch((error: unknown) => {
      throw storageError(error, this.#path);
    });
  }

  /** Takes the temporary name away. Never fails: it runs when something else has. */
  async discard(): Promise<void> {
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }
}

/** Opens the cache in a folder, which is made if it is not there, and tidies it. Throws E_IO and E_NO_SPACE. */
export async function openCache(folder: string): Promise<Cache> {
  try {
    for (const each of [...blobFolders(folder), temporaryFolder(folder)]) {
      await makeFolders(each, 0o700);
    }
  } catch (error) {
    throw storageError(error, folder);
  }
  await removeAbandoned(temporaryFolder(folder), "", Date.now());
  return new Cache(folder);
}
