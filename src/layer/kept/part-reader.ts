import type { AttributePool } from "../../tree/attribute-pool.ts";
import type { FileEntry } from "../../tree/entry.ts";
import { EPOCH, NO_XATTRS, type Timestamp, type Xattr } from "../../tree/inode.ts";
import { HAS, RECORD, TYPES } from "./records.ts";

/** An entry, or where in the file of the tar some of the contents lie of the file that came last. */
export type KeptPart =
  | { readonly kind: "entry"; readonly entry: FileEntry }
  | { readonly kind: "contents"; readonly offset: number; readonly at: number; readonly length: number };

/** Reads what PartWriter has written. */
export class PartReader {
  readonly #pool: AttributePool;
  readonly #xattrs: Xattr[] = [];
  readonly #lists: (readonly Xattr[])[] = [];
  #lastTime: Timestamp = EPOCH;
  #piece: Buffer = Buffer.alloc(0);
  #at = 0;
  /** What the tar gave: at the end. */
  warnings: readonly string[] = [];

  /** @param pool where the image's extended attributes are kept */
  constructor(pool: AttributePool) {
    this.#pool = pool;
  }

  /**
   * The parts in a piece, each made when it is asked for: thousands at once would outlive a garbage collector's first
   * look. Throws RangeError, or SyntaxError, for what PartWriter never writes.
   */
  *read(piece: Buffer): Generator<KeptPart> {
    this.#piece = piece;
    this.#at = 0;
    while (this.#at < piece.length) {
      const part = this.#record();
      if (part !== undefined) yield part;
    }
  }

  #record(): KeptPart | undefined {
    switch (this.#byte()) {
      case RECORD.entry:
        return { kind: "entry", entry: this.#entry() };
      case RECORD.contents:
        return { kind: "contents", offset: this.#double(), at: this.#double(), length: this.#word() };
      case RECORD.xattr:
        this.#xattrs.push(this.#pool.get(this.#string(), this.#string()));
        return undefined;
      case RECORD.list:
        this.#lists.push(this.#list());
        return undefined;
      case RECORD.end:
        this.warnings = JSON.parse(this.#bytes().toString("utf8"));
        return undefined;
      default:
        throw new RangeError("an unknown record");
    }
  }

  #list(): readonly Xattr[] {
    const length = this.#word();
    this.#pool.keepList(length);
    return Array.from({ length }, () => at(this.#xattrs, this.#word()));
  }

  #entry(): FileEntry {
    const type = at(TYPES, this.#byte());
    const has = this.#byte();
    const mode = this.#byte() | (this.#byte() << 8);
    const uid = this.#word();
    const gid = this.#word();
    const size = this.#double();
    const mtime = this.#time();
    const atime = has & HAS.atime ? this.#time() : mtime;
    const ctime = has & HAS.ctime ? this.#time() : mtime;
    const stored = has & HAS.stored ? this.#double() : size;
    const major = has & HAS.device ? this.#double() : 0;
    const minor = has & HAS.device ? this.#double() : 0;
    const xattrs = has & HAS.list ? at(this.#lists, this.#word()) : NO_XATTRS;
    const metadata = { mode, uid, gid, mtime, atime, ctime, xattrs };
    return { path: this.#string(), type, linkname: this.#string(), size, stored, metadata, major, minor };
  }

  /** Equal times in a row share one object. */
  #time(): Timestamp {
    const seconds = this.#double();
    const nanoseconds = this.#word();
    const last = this.#lastTime;
    if (last.seconds !== seconds || last.nanoseconds !== nanoseconds)
      this.#lastTime = { seconds, nanoseconds };
    return this.#lastTime;
  }

  #byte(): number {
    return this.#piece.readUInt8(this.#at++);
  }

  #word(): number {
    const value = this.#piece.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  #double(): number {
    const value = this.#piece.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  #string(): string {
    const length = this.#word();
    const from = this.#at;
    this.#skip(length);
    return this.#piece.toString("latin1", from, this.#at);
  }

  #bytes(): Buffer {
    const length = this.#word();
    const from = this.#at;
    this.#skip(length);
    return this.#piece.subarray(from, this.#at);
  }

  #skip(length: number): void {
    this.#at += length;
    if (this.#at > this.#piece.length) throw new RangeError("a record goes beyond its piece");
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no number ${index}`);
  return item;
}
