/** Finding the files of a tar archive that can be read by position: only its headers are. */
import { Docker2vmError } from "../errors.ts";
import { checkExtendedSize, ExtendedHeaders, isExtendedHeader } from "./extended-headers.ts";
import { quotePath, TarFault } from "./fault.ts";
import { isZero } from "./fields.ts";
import { BLOCK, padded } from "./format.ts";
import { decodeHeader, headerPath, type TarHeader } from "./header.ts";
import {
  type FileShape,
  fileShape,
  linkTarget,
  type Member,
  memberPath,
  NO_FILE,
  openMember,
  type TarEntryType,
} from "./member.ts";
import type { Segment } from "./sparse.ts";

export interface ArchiveEntry {
  /** Undefined for what is no file. */
  readonly type: TarEntryType | undefined;
  /** Byte of the archive at which the content starts. */
  readonly offset: number;
  /** Bytes of the file, holes included. */
  readonly size: number;
  /** Where the bytes from `offset` on belong in the file, one after the other; what lies between is zeros. */
  readonly segments: readonly Segment[];
  /** Of a link. Bytes, one character each, like all names here. */
  readonly linkname: string;
}

export interface ArchiveIndex {
  /** By name, without "./" before and "/" behind; the last of several of one name. */
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
  /** Whether the end is marked by a block of zeros; without it the archive may have lost its tail. */
  readonly endMarked: boolean;
}

/** Reads up to `length` bytes at a position of the archive. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

/** An archive of images has a few hundred entries. */
const ENTRY_LIMIT = 100_000;
/** Bytes read at once: headers of small files lie close together. */
const WINDOW = 16 << 10;

/**
 * Indexes an archive of `size` bytes; `where` names it in messages.
 * Throws E_BAD_ARCHIVE, with entry and byte, where it is broken or cut off.
 */
export async function indexTar(read: ReadAt, size: number, where: string): Promise<ArchiveIndex> {
  return new Indexer(read, size, where).index();
}

/** A name as the index has it. */
export function entryName(name: string): string {
  return name
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

class Indexer {
  readonly #read: ReadAt;
  readonly #size: number;
  readonly #where: string;
  readonly #entries = new Map<string, ArchiveEntry>();
  readonly #extended = new ExtendedHeaders();
  /** What was read last, and where it stands. */
  #window: Uint8Array = new Uint8Array();
  #windowAt = 0;
  /** The header in hand, and the entry before it. */
  #headerAt = 0;
  #last = "";

  constructor(read: ReadAt, size: number, where: string) {
    this.#read = read;
    this.#size = size;
    this.#where = where;
  }

  async index(): Promise<ArchiveIndex> {
    const entries = this.#entries;
    for (let position = 0; position < this.#size; ) {
      this.#headerAt = position;
      const block = await this.#blockAt(position);
      if (block.length === BLOCK && isZero(block)) return { entries, endMarked: true };
      const header = this.#decode(block);
      position += BLOCK;
      position = isExtendedHeader(header.typeflag)
        ? await this.#extend(header, position)
        : await this.#add(header, block, position);
    }
    return { entries, endMarked: false };
  }

  #decode(block: Buffer): TarHeader {
    if (block.length < BLOCK) throw this.#noHeader("is cut off in the header");
    try {
      return decodeHeader(block, headerPath(block));
    } catch (error) {
      throw error instanceof TarFault ? this.#noHeader("has no valid header", error) : error;
    }
  }

  /** Takes what a header says that only describes the next entry; gives the position behind it. */
  async #extend({ path, typeflag, size }: TarHeader, start: number): Promise<number> {
    this.#guard(() => checkExtendedSize(size));
    this.#checkInside(path, start + size);
    const bytes = asBuffer(await this.#read(start, size));
    // What is no error concerns no file that anybody looks for.
    this.#guard(() => this.#extended.read(typeflag, bytes, () => undefined));
    return start + padded(size);
  }

  /** Adds an entry; gives the position behind it. */
  async #add(header: TarHeader, block: Buffer, start: number): Promise<number> {
    const extension = this.#extended.take();
    const path = this.#guard(() => memberPath(header, extension));
    const member = this.#guard(() => openMember(header, block, extension, path), path);
    const offset = await this.#readMap(member, start);
    const shape = this.#guard(() => (member.type === "file" ? fileShape(member) : NO_FILE), path);
    const stored = member.type === "file" ? shape.stored : member.following;
    this.#checkInside(path, offset + stored);
    this.#entries.set(
      entryName(path),
      this.#guard(() => entryOf(member, shape, offset), path),
    );
    this.#last = path;
    if (this.#entries.size > ENTRY_LIMIT) {
      throw new Docker2vmError("E_BAD_ARCHIVE", `${this.#where}: more than ${ENTRY_LIMIT} entries are in it`);
    }
    return offset + padded(stored);
  }

  /** Reads the map of a sparse file to its end; gives the position behind it. */
  async #readMap({ path, map }: Member, start: number): Promise<number> {
    let position = start;
    for (; map !== undefined && !map.complete; position += BLOCK) {
      this.#checkInside(path, position + BLOCK);
      const block = await this.#blockAt(position);
      this.#guard(() => map.push(block), path);
    }
    return position;
  }

  /** A block out of a window that is read anew only when the block lies outside; shorter at the archive's end. */
  async #blockAt(position: number): Promise<Buffer> {
    const isInside = position >= this.#windowAt && position + BLOCK <= this.#windowAt + this.#window.length;
    if (!isInside) {
      this.#window = await this.#read(position, WINDOW);
      this.#windowAt = position;
    }
    const start = position - this.#windowAt;
    return asBuffer(this.#window.subarray(start, start + BLOCK));
  }

  /** A fault in the entry in hand, whose path may be known, is the archive's. */
  #guard<Result>(step: () => Result, path?: string): Result {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof TarFault)) throw error;
      const entry = path === undefined ? "" : `the entry ${quotePath(path)} `;
      const message = `${this.#where}: ${entry}at byte ${this.#headerAt}: ${error.message}`;
      throw new Docker2vmError("E_BAD_ARCHIVE", message, { hint: DAMAGED });
    }
  }

  #checkInside(path: string, end: number): void {
    const missing = end - this.#size;
    if (missing <= 0) return;
    throw new Docker2vmError(
      "E_BAD_ARCHIVE",
      `${this.#where}: is cut off: the entry ${quotePath(path)} at byte ${this.#headerAt} lacks its last ${missing} bytes`,
      { hint: "the archive was not written or copied to its end: do that again" },
    );
  }

  #noHeader(what: string, fault?: TarFault): Docker2vmError {
    if (this.#headerAt === 0) {
      return new Docker2vmError("E_BAD_ARCHIVE", `${this.#where}: is not a tar archive`, {
        hint: "docker save and skopeo copy … docker-archive:FILE write one",
      });
    }
    const reason = fault === undefined ? "" : `: ${fault.message}`;
    return new Docker2vmError(
      "E_BAD_ARCHIVE",
      `${this.#where}: ${what} at byte ${this.#headerAt}, after the entry ${quotePath(this.#last)}${reason}`,
      { hint: DAMAGED },
    );
  }
}

const DAMAGED = "the archive is damaged: write or copy it again";

function entryOf({ header, extension, type }: Member, shape: FileShape, offset: number): ArchiveEntry {
  const isLink = type === "hardlink" || type === "symlink";
  return {
    type,
    offset,
    size: shape.size,
    segments: shape.segments,
    linkname: isLink ? linkTarget(header, extension) : "",
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
