import type { AttributePool } from "../../tree/attribute-pool.ts";
import type { Metadata, Timestamp } from "../../tree/inode.ts";
import type { TarEntry, TarEntryType } from "./entry.ts";
import type { Extension } from "./extended-headers.ts";
import { quotePath, TarFault } from "./fault.ts";
import { MAX_PATH, TYPEFLAG } from "./format.ts";
import type { TarHeader } from "./header.ts";
import { paxInteger, paxTime } from "./pax.ts";
import type { Segment } from "./sparse.ts";
import type { Warn } from "./warn.ts";
import { XattrReader } from "./xattrs.ts";

/** A file's sizes and map; for everything else NO_FILE. */
export interface FileShape {
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of the archive. */
  readonly stored: number;
  /** Where those belong in the file. */
  readonly segments: readonly Segment[];
}

export const NO_FILE: FileShape = { size: 0, stored: 0, segments: [] };

/** uid_t and gid_t have 32 bits; with all of them set they mean "no change" to chown(2). */
const IDS = 2 ** 32;
const NO_ID = IDS - 1;

/** What kind of entry the typeflag makes, or undefined for those that are no files. */
export function entryType(typeflag: string, path: string, size: number): TarEntryType | undefined {
  switch (typeflag) {
    case TYPEFLAG.REGTYPE:
      // With contents it is no directory, whatever its name; Go, and who uses that, has files in both cases.
      return path.endsWith("/") && size === 0 ? "directory" : "file";
    case TYPEFLAG.AREGTYPE:
      // v7 had no typeflag for directories.
      return path.endsWith("/") ? "directory" : "file";
    case TYPEFLAG.CONTTYPE:
    case TYPEFLAG.GNUTYPE_SPARSE:
      return "file";
    case TYPEFLAG.LNKTYPE:
      return "hardlink";
    case TYPEFLAG.SYMTYPE:
      return "symlink";
    case TYPEFLAG.CHRTYPE:
      return "char";
    case TYPEFLAG.BLKTYPE:
      return "block";
    case TYPEFLAG.DIRTYPE:
    case TYPEFLAG.GNUTYPE_DUMPDIR:
      return "directory";
    case TYPEFLAG.FIFOTYPE:
      return "fifo";
    default:
      return undefined;
  }
}

/**
 * The entry's path: an extended header's before a GNU long name before the header's own. Throws TarFault for one that
 * Linux could not take.
 */
export function memberPath(header: TarHeader, { pax, longPath }: Extension): string {
  const path = pax.get("GNU.sparse.name") ?? pax.get("path") ?? longPath ?? header.path;
  checkPath("the path", path);
  return path;
}

const OVERLAY_WHITEOUT =
  "a character device 0:0 is kept as it is; in a folder of overlayfs it would be a whiteout";

/** Makes entries of headers; equal times in a row share one object. */
export class EntryReader {
  #last: Timestamp = { seconds: 0, nanoseconds: 0 };
  readonly #xattrs: XattrReader;

  constructor(pool: AttributePool) {
    this.#xattrs = new XattrReader(pool);
  }

  /** Throws TarFault for what no filesystem can hold; what is dropped without harm is told to `warn`. */
  read(
    header: TarHeader,
    extension: Extension,
    path: string,
    type: TarEntryType,
    size: number,
    warn: Warn,
  ): TarEntry {
    const linkname = type === "hardlink" || type === "symlink" ? linkTarget(header, extension) : "";
    const metadata = this.#metadata(header, extension, type, warn);
    const { major, minor } = header;
    if (type === "char" && major === 0 && minor === 0) warn("overlayfs", () => OVERLAY_WHITEOUT);
    return { path, type, linkname, size, metadata, major, minor };
  }

  #metadata(header: TarHeader, extension: Extension, type: TarEntryType, warn: Warn): Metadata {
    const { pax } = extension;
    const mtime = this.#shared(paxTime(pax, "mtime") ?? { seconds: header.mtime, nanoseconds: 0 });
    // A hard link's are its target's, which were judged there.
    const userAllowed = type === "file" || type === "directory" || type === "hardlink";
    return {
      mode: header.mode,
      uid: ownerId("uid", paxInteger(pax, "uid") ?? header.uid, warn),
      gid: ownerId("gid", paxInteger(pax, "gid") ?? header.gid, warn),
      mtime,
      atime: this.#shared(paxTime(pax, "atime") ?? mtime),
      ctime: this.#shared(paxTime(pax, "ctime") ?? mtime),
      xattrs: this.#xattrs.read(extension, userAllowed, warn),
    };
  }

  #shared(time: Timestamp): Timestamp {
    if (time.seconds === this.#last.seconds && time.nanoseconds === this.#last.nanoseconds) return this.#last;
    this.#last = time;
    return time;
  }
}

function linkTarget(header: TarHeader, { pax, longLink }: Extension): string {
  const target = pax.get("linkpath") ?? longLink ?? header.linkname;
  checkPath("the link's target", target);
  return target;
}

function checkPath(what: string, path: string): void {
  if (path.length > MAX_PATH) throw new TarFault(`${what} is longer than ${MAX_PATH} bytes`);
  if (path.includes("\0")) throw new TarFault(`${what} holds a NUL: ${quotePath(path)}`);
}

/**
 * A user or group as Linux would have it after chown(2), which takes the low 32 bits and of NO_ID leaves what is there:
 * whoever unpacks, so root. What is not as written is told to `warn`.
 */
function ownerId(name: "uid" | "gid", written: number, warn: Warn): number {
  if (written >= 0 && written < NO_ID) return written;
  const id = ((written % IDS) + IDS) % IDS;
  if (id === NO_ID) {
    warn("owner", () => `its ${name} ${written} is none that Linux can give a file: it is root's`);
    return 0;
  }
  if (!Number.isSafeInteger(written)) throw new TarFault(`the ${name} ${written} is beyond 2^53`);
  warn("owner", () => `its ${name} ${written} is read as ${id}, as Linux would have it: 32 bits`);
  return id;
}
