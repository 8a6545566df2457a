/** A folder as entries: everything below it by name, each directory before what is in it. */
import { type BigIntStats, readdirSync, readlinkSync } from "node:fs";
import type { AttributePool } from "../tree/attribute-pool.ts";
import type { EntryPart, EntryType, FileEntry } from "../tree/entry.ts";
import { type Metadata, NO_XATTRS, type Timestamp, type Xattr } from "../tree/inode.ts";
import { displayPath } from "../tree/path.ts";
import { Tally } from "../tree/tally.ts";
import { sortedNames } from "../waiting/sorted.ts";
import type { Paused } from "../waiting/steps.ts";
import { checkSame, FolderFile, failed, statsOf, storedBytes } from "./folder-file.ts";
import type { XattrSource } from "./host-xattrs.ts";
import { mappedXattr } from "./mapped-xattrs.ts";
import type { IdMaps } from "./ownership.ts";

export interface FolderOptions {
  readonly ids: IdMaps;
  readonly xattrs: XattrSource;
  readonly attributes: AttributePool;
  readonly onWarning: (message: string) => void;
  readonly onBytes: (bytes: number) => void;
  /** Whether it counts how much of a file is holes. */
  readonly withStored: boolean;
}

type WarningKind = "mount" | "attribute";

/** Contents that are handed on as one, and entries without any. */
const CHUNK = 1 << 20;
const MOST_PARTS = 1000;
/** What an entry is reckoned with, as in a tar. */
const ENTRY_BYTES = 512;
const NANOSECONDS = 1_000_000_000n;
/** Of attributes that other systems or single filesystems have, xattr(7) knows nothing. */
const KNOWN_XATTR = /^(?:(?:user|trusted|security)\.[^\0]+|system\.posix_acl_(?:access|default))$/;
/** How XFS keeps an access control list, which root is shown a second time. */
const XFS_ACL = /^trusted\.SGI_ACL_/;

interface Level {
  /** Below the folder, with a slash at its end; "" for the folder itself. */
  readonly path: string;
  readonly full: Buffer;
  readonly stats: BigIntStats;
  readonly names: readonly string[];
  next: number;
}

/** Walks one folder once, or one file. Lists of parts are good until the next is asked for. */
export class FolderWalk {
  readonly #root: Buffer;
  readonly #options: FolderOptions;
  readonly #firstPaths = new Map<string, string>();
  readonly #warnings = new Tally<WarningKind>();
  readonly #chunk = new Uint8Array(CHUNK);
  #filled = 0;
  #parts: EntryPart[] = [];

  /** @param root absolute path, bytes: of the folder, or of the file */
  constructor(root: Buffer, options: FolderOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** Throws E_IO for what cannot be read, and for what changes or vanishes meanwhile. */
  *parts(): Paused<readonly EntryPart[]> {
    const top = statsOf(this.#root);
    this.#put(this.#entryOf("./", ".", this.#root, top));
    const levels = [yield* this.#enter("", this.#root, top)];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const name = level.names[level.next++];
      if (name === undefined) {
        checkSame(level.stats, statsOf(level.full), level.full);
        levels.pop();
        continue;
      }
      const path = level.path + name;
      const full = Buffer.concat([this.#root, Buffer.from(`/${path}`, "latin1")]);
      const stats = statsOf(full);
      yield* this.#file(path, full, stats);
      if (!stats.isDirectory()) continue;
      if (stats.dev === top.dev) levels.push(yield* this.#enter(`${path}/`, full, stats));
      else this.#warnOfMount(path);
    }
    this.#warnings.tell(this.#options.onWarning);
    if (this.#parts.length > 0) yield this.#handOver();
  }

  /** One file as it would be in a folder, by that name. Throws E_IO. */
  *file(name: string): Paused<readonly EntryPart[]> {
    yield* this.#file(name, this.#root, statsOf(this.#root));
    this.#warnings.tell(this.#options.onWarning);
    if (this.#parts.length > 0) yield this.#handOver();
  }

  *#enter(path: string, full: Buffer, stats: BigIntStats): Generator<undefined, Level> {
    let names: string[];
    try {
      names = readdirSync(full, { encoding: "buffer" }).map((name) => name.toString("latin1"));
    } catch (error) {
      throw failed(error, full);
    }
    return { path, full, stats, names: yield* sortedNames(names), next: 0 };
  }

  *#file(path: string, full: Buffer, stats: BigIntStats): Paused<readonly EntryPart[]> {
    const first = this.#firstPath(path, stats);
    if (first !== undefined) this.#put(linkTo(first, path));
    else {
      const entry = this.#entryOf(path, path, full, stats);
      // Before any of it is read: a file that is too large may be nothing but a hole.
      this.#options.onBytes(entry.size);
      const isAsked = this.#options.withStored && entry.type === "file";
      this.#put(isAsked ? { ...entry, stored: yield* storedBytes(full, stats) } : entry);
      if (entry.size > 0) yield* this.#contents(full, stats);
    }
    if (this.#parts.length >= MOST_PARTS || this.#filled === CHUNK) yield this.#handOver();
  }

  *#contents(full: Buffer, stats: BigIntStats): Paused<readonly EntryPart[]> {
    const file = new FolderFile(full, stats);
    try {
      const size = Number(stats.size);
      for (let offset = 0; offset < size; ) {
        if (this.#filled === CHUNK) yield this.#handOver();
        const length = Math.min(CHUNK - this.#filled, size - offset);
        const bytes = this.#chunk.subarray(this.#filled, this.#filled + length);
        file.read(offset, bytes);
        this.#filled += length;
        this.#parts.push({ kind: "contents", offset, bytes });
        offset += length;
      }
      file.check();
    } finally {
      file.close();
    }
  }

  #handOver(): readonly EntryPart[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#filled = 0;
    return parts;
  }

  #put(entry: FileEntry): void {
    this.#options.onBytes(ENTRY_BYTES);
    this.#parts.push({ kind: "entry", entry });
  }

  /** Of a file that has come by another name. */
  #firstPath(path: string, stats: BigIntStats): string | undefined {
    if (stats.nlink < 2n || stats.isDirectory()) return undefined;
    const key = `${stats.dev}:${stats.ino}`;
    const first = this.#firstPaths.get(key);
    if (first === undefined) this.#firstPaths.set(key, path);
    return first;
  }

  #entryOf(path: string, walked: string, full: Buffer, stats: BigIntStats): FileEntry {
    const type = typeOf(stats);
    const size = type === "file" ? Number(stats.size) : 0;
    const isDevice = type === "char" || type === "block";
    return {
      path,
      type,
      linkname: type === "symlink" ? targetOf(full) : "",
      size,
      stored: size,
      metadata: this.#metadataOf(walked, full, stats),
      ...(isDevice ? deviceOf(stats.rdev) : { major: 0, minor: 0 }),
    };
  }

  /** When it was last looked at or moved is no part of a file: whoever reads it again would find other times. */
  #metadataOf(path: string, full: Buffer, stats: BigIntStats): Metadata {
    const { ids } = this.#options;
    const mtime = timeOf(stats.mtimeNs);
    return {
      mode: Number(stats.mode) & 0o7777,
      uid: ids.uid(Number(stats.uid)),
      gid: ids.gid(Number(stats.gid)),
      mtime,
      atime: mtime,
      ctime: mtime,
      xattrs: this.#xattrsOf(path, full),
    };
  }

  #xattrsOf(path: string, full: Buffer): readonly Xattr[] {
    const { xattrs, attributes, ids } = this.#options;
    const kept = xattrs
      .of(full, path)
      .filter(([name]) => this.#isKept(name, path))
      .map(([name, value]) => attributes.get(name, mappedXattr(name, value, ids.named)));
    if (kept.length === 0) return NO_XATTRS;
    attributes.keepList(kept.length);
    return kept.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #isKept(name: string, path: string): boolean {
    if (XFS_ACL.test(name)) return false;
    if (KNOWN_XATTR.test(name)) return true;
    this.#warnings.add("attribute", () => {
      const shown = JSON.stringify(name.slice(0, 80));
      return `'${displayPath(path)}': the attribute ${shown} is left out: it belongs to one filesystem alone`;
    });
    return false;
  }

  #warnOfMount(path: string): void {
    this.#warnings.add(
      "mount",
      () => `'${displayPath(path)}' is left empty: another filesystem is mounted there`,
    );
  }
}

function linkTo(first: string, path: string): FileEntry {
  const none = { seconds: 0, nanoseconds: 0 };
  const metadata = { mode: 0, uid: 0, gid: 0, mtime: none, atime: none, ctime: none, xattrs: NO_XATTRS };
  return { path, type: "hardlink", linkname: first, size: 0, stored: 0, metadata, major: 0, minor: 0 };
}

function typeOf(stats: BigIntStats): EntryType {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isCharacterDevice()) return "char";
  if (stats.isBlockDevice()) return "block";
  return stats.isFIFO() ? "fifo" : "socket";
}

function targetOf(full: Buffer): string {
  try {
    return readlinkSync(full, { encoding: "buffer" }).toString("latin1");
  } catch (error) {
    throw failed(error, full);
  }
}

/** gnu_dev_major and gnu_dev_minor (glibc, sys/sysmacros.h). */
function deviceOf(rdev: bigint): { readonly major: number; readonly minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}

function timeOf(nanoseconds: bigint): Timestamp {
  const rest = ((nanoseconds % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
  return { seconds: Number((nanoseconds - rest) / NANOSECONDS), nanoseconds: Number(rest) };
}
