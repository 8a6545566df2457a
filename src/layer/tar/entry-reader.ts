import type { Extension } from "../../tar/extended-headers.ts";
import { TarFault } from "../../tar/fault.ts";
import type { TarHeader } from "../../tar/header.ts";
import { type FileShape, linkTarget, type Member, type TarEntryType } from "../../tar/member.ts";
import { paxInteger, paxTime } from "../../tar/pax.ts";
import type { MemberReader } from "../../tar/walker.ts";
import type { AttributePool } from "../../tree/attribute-pool.ts";
import type { Metadata, Timestamp } from "../../tree/inode.ts";
import type { TarEntry } from "./entry.ts";
import type { Warn, WarningKind } from "./warn.ts";
import { XattrReader } from "./xattrs.ts";

/** uid_t and gid_t have 32 bits; with all of them set they mean "no change" to chown(2). */
const IDS = 2 ** 32;
const NO_ID = IDS - 1;

const OVERLAY_WHITEOUT =
  "a character device 0:0 is kept as it is; in a folder of overlayfs it would be a whiteout";

/** Makes entries of headers; equal times in a row share one object. */
export class EntryReader implements MemberReader<TarEntry, WarningKind> {
  #last: Timestamp = { seconds: 0, nanoseconds: 0 };
  readonly #xattrs: XattrReader;

  constructor(pool: AttributePool) {
    this.#xattrs = new XattrReader(pool);
  }

  /** Throws TarFault for what no filesystem can hold; what is dropped without harm is told to `warn`. */
  read(
    { header, extension, path }: Member,
    type: TarEntryType,
    { size, stored }: FileShape,
    warn: Warn,
  ): TarEntry {
    const linkname = type === "hardlink" || type === "symlink" ? linkTarget(header, extension) : "";
    const metadata = this.#metadata(header, extension, type, warn);
    const { major, minor } = header;
    if (type === "char" && major === 0 && minor === 0) warn("overlayfs", () => OVERLAY_WHITEOUT);
    return { path, type, linkname, size, stored, metadata, major, minor };
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
