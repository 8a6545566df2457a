import { assert } from "../../errors.ts";
import type { EntryPart, FileEntry } from "../../tree/entry.ts";
import type { Metadata, Timestamp, Xattr } from "../../tree/inode.ts";
import { CONTENTS, ENTRY_MOST, HAS, RECORD, TYPES } from "./records.ts";

/** What takes pieces of memory that were filled. */
export interface PieceSink {
  /** Memory for the next piece. */
  next(): Promise<Buffer>;
  /** So many bytes of it are filled. */
  put(length: number): void;
}

/** Some of the tar, and where in its file that lies. */
export interface TarPlace {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Writes the parts of a layer as records. */
export class PartWriter {
  readonly #sink: PieceSink;
  #piece: Buffer | undefined;
  #at = 0;
  readonly #xattrs = new Map<Xattr, number>();
  readonly #lists = new Map<readonly Xattr[], number>();

  constructor(sink: PieceSink) {
    this.#sink = sink;
  }

  /**
   * @param from what of the tar the parts were found in
   *
   * Throws RangeError for an entry that no piece could hold, and what the sink throws.
   */
  async take(parts: readonly EntryPart[], from: TarPlace): Promise<void> {
    for (const part of parts) {
      // To wait for each of them would cost more than to write it.
      if (part.kind === "contents") {
        this.#contents(this.#roomNow(CONTENTS) ?? (await this.#room(CONTENTS)), part, from);
        continue;
      }
      const { entry } = part;
      const { xattrs } = entry.metadata;
      if (xattrs.length > 0 && !this.#lists.has(xattrs)) await this.#list(xattrs);
      const most = ENTRY_MOST + entry.path.length + entry.linkname.length;
      const piece = this.#roomNow(most) ?? (await this.#room(most));
      this.#entry(piece, entry);
    }
  }

  /** Writes the end, with the warnings that the tar gave. */
  async end(warnings: readonly string[]): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(warnings));
    const piece = await this.#room(5 + bytes.length);
    this.#at = piece.writeUInt8(RECORD.end, this.#at);
    this.#bytes(piece, bytes);
    this.#sink.put(this.#at);
  }

  #roomNow(length: number): Buffer | undefined {
    const piece = this.#piece;
    return piece !== undefined && this.#at + length <= piece.length ? piece : undefined;
  }

  async #room(length: number): Promise<Buffer> {
    const found = this.#roomNow(length);
    if (found !== undefined) return found;
    if (this.#piece !== undefined) this.#sink.put(this.#at);
    this.#piece = await this.#sink.next();
    this.#at = 0;
    if (length > this.#piece.length) throw new RangeError(`a record of ${length} bytes`);
    return this.#piece;
  }

  #contents(
    piece: Buffer,
    { offset, bytes }: Extract<EntryPart, { kind: "contents" }>,
    from: TarPlace,
  ): void {
    const within = bytes.byteOffset - from.bytes.byteOffset;
    assert(bytes.buffer === from.bytes.buffer && within >= 0, "contents that are no part of their tar");
    let at = piece.writeUInt8(RECORD.contents, this.#at);
    at = piece.writeDoubleLE(offset, at);
    at = piece.writeDoubleLE(from.at + within, at);
    this.#at = piece.writeUInt32LE(bytes.length, at);
  }

  async #list(list: readonly Xattr[]): Promise<void> {
    for (const xattr of list) if (!this.#xattrs.has(xattr)) await this.#xattr(xattr);
    const piece = await this.#room(5 + 4 * list.length);
    let at = piece.writeUInt8(RECORD.list, this.#at);
    at = piece.writeUInt32LE(list.length, at);
    for (const xattr of list) at = piece.writeUInt32LE(this.#xattrs.get(xattr) ?? 0, at);
    this.#at = at;
    this.#lists.set(list, this.#lists.size);
  }

  async #xattr(xattr: Xattr): Promise<void> {
    const { name, value } = xattr;
    const piece = await this.#room(9 + name.length + value.length);
    this.#at = piece.writeUInt8(RECORD.xattr, this.#at);
    this.#string(piece, name);
    this.#bytes(piece, value);
    this.#xattrs.set(xattr, this.#xattrs.size);
  }

  #entry(piece: Buffer, entry: FileEntry): void {
    const { type, metadata, size, stored, major, minor, path, linkname } = entry;
    const { mode, uid, gid, mtime, atime, ctime, xattrs } = metadata;
    const has = whatItHas(entry, metadata);
    let at = piece.writeUInt8(RECORD.entry, this.#at);
    at = piece.writeUInt8(TYPES.indexOf(type), at);
    at = piece.writeUInt8(has, at);
    at = piece.writeUInt16LE(mode, at);
    at = piece.writeUInt32LE(uid, at);
    at = piece.writeUInt32LE(gid, at);
    at = piece.writeDoubleLE(size, at);
    at = writeTime(piece, mtime, at);
    if (has & HAS.atime) at = writeTime(piece, atime, at);
    if (has & HAS.ctime) at = writeTime(piece, ctime, at);
    if (has & HAS.stored) at = piece.writeDoubleLE(stored, at);
    if (has & HAS.device) at = piece.writeDoubleLE(minor, piece.writeDoubleLE(major, at));
    if (has & HAS.list) at = piece.writeUInt32LE(this.#lists.get(xattrs) ?? 0, at);
    this.#at = at;
    this.#string(piece, path);
    this.#string(piece, linkname);
  }

  #string(piece: Buffer, text: string): void {
    const at = piece.writeUInt32LE(text.length, this.#at);
    this.#at = at + piece.write(text, at, "latin1");
  }

  #bytes(piece: Buffer, bytes: Uint8Array): void {
    const at = piece.writeUInt32LE(bytes.length, this.#at);
    piece.set(bytes, at);
    this.#at = at + bytes.length;
  }
}

function whatItHas({ size, stored, major, minor }: FileEntry, metadata: Metadata): number {
  const { mtime, atime, ctime, xattrs } = metadata;
  return (
    (isSame(atime, mtime) ? 0 : HAS.atime) |
    (isSame(ctime, mtime) ? 0 : HAS.ctime) |
    (stored === size ? 0 : HAS.stored) |
    (major === 0 && minor === 0 ? 0 : HAS.device) |
    (xattrs.length === 0 ? 0 : HAS.list)
  );
}

function isSame(a: Timestamp, b: Timestamp): boolean {
  return a === b || (a.seconds === b.seconds && a.nanoseconds === b.nanoseconds);
}

function writeTime(piece: Buffer, { seconds, nanoseconds }: Timestamp, at: number): number {
  return piece.writeUInt32LE(nanoseconds, piece.writeDoubleLE(seconds, at));
}
