/** Finding the files of a tar archive by reading only its headers. */
import { Docker2vmError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { MAP_GOES_ON, TAR_BLOCK, TYPEFLAG } from "./tar-fields.ts";
import {
  hasContent,
  isZeroBlock,
  parsePaxRecords,
  parseTarHeader,
  type TarHeader,
  text,
} from "./tar-header.ts";

export interface TarEntry {
  /** "sparse": a file that GNU tar stored without its holes; the bytes at `offset` are not its content. */
  readonly type: "file" | "sparse" | "link" | "symlink" | "other";
  /** Byte of the archive at which the content starts. */
  readonly offset: number;
  readonly size: number;
  /** Of a link. Bytes, one character each, like all names here. */
  readonly linkname: string;
}

export interface TarIndex {
  /** By name, without "./" before and "/" behind; the last of several of one name. */
  readonly entries: ReadonlyMap<string, TarEntry>;
  /** Whether the end is marked by a block of zeros; without it the archive may have lost its tail. */
  readonly endMarked: boolean;
}

/** Reads up to `length` bytes at a position of the archive. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

/** An archive of images has a few hundred entries. */
const ENTRY_LIMIT = 100_000;
const EXTENDED_HEADER_LIMIT = 1 << 20;
/** Bytes read at once: headers of small files lie close together. */
const WINDOW = 16 << 10;

/** What the headers before an entry say of it. */
interface Overrides {
  name?: string | undefined;
  linkname?: string | undefined;
  size?: number | undefined;
  sparse: boolean;
}

/**
 * Indexes an archive of `size` bytes; `where` names it in messages.
 * Throws E_BAD_ARCHIVE, with entry and byte, where it is broken or cut off.
 */
export async function indexTar(read: ReadAt, size: number, where: string): Promise<TarIndex> {
  const entries = new Map<string, TarEntry>();
  const readHeader = windowed(read);
  let overrides: Overrides = { sparse: false };
  let last = "";
  for (let position = 0; position < size; ) {
    const block = await readHeader(position);
    if (block.length === TAR_BLOCK && isZeroBlock(block)) return { entries, endMarked: true };
    const header = block.length === TAR_BLOCK ? parseTarHeader(block) : undefined;
    if (header === undefined) throw noHeader(where, position, block.length, last);

    const offset = position + TAR_BLOCK;
    if (isExtension(header)) {
      checkInside(header.name, header.size, position, size, where);
      await extend(overrides, header, (length) => read(offset, length), `${where}: at byte ${position}`);
      position = offset + padded(header.size);
      continue;
    }
    const contents = offset + (await mapBlocks(header, block, offset, readHeader)) * TAR_BLOCK;
    const entry = entryOf(header, overrides, contents);
    last = overrides.name ?? header.name;
    checkInside(last, entry.size, position, size, where);
    entries.set(entryName(last), entry);
    if (entries.size > ENTRY_LIMIT) {
      throw new Docker2vmError("E_BAD_ARCHIVE", `${where}: more than ${ENTRY_LIMIT} entries are in it`);
    }
    overrides = { sparse: false };
    position = contents + padded(entry.size);
  }
  return { entries, endMarked: false };
}

/** A name as the index has it. */
export function entryName(name: string): string {
  return name
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

function entryOf(header: TarHeader, overrides: Overrides, offset: number): TarEntry {
  return {
    type: overrides.sparse ? "sparse" : entryType(header.typeflag),
    offset,
    size: hasContent(header.typeflag) ? (overrides.size ?? header.size) : 0,
    linkname: overrides.linkname ?? header.linkname,
  };
}

function entryType(typeflag: string): TarEntry["type"] {
  switch (typeflag) {
    case TYPEFLAG.file:
    case TYPEFLAG.oldFile:
    case TYPEFLAG.contiguousFile:
      return "file";
    case TYPEFLAG.gnuSparse:
      return "sparse";
    case TYPEFLAG.link:
      return "link";
    case TYPEFLAG.symlink:
      return "symlink";
    default:
      return "other";
  }
}

/** Blocks after the header that go on with the map of a sparse file, in GNU tar's own format; its size leaves them out. */
async function mapBlocks(
  { typeflag }: TarHeader,
  header: Uint8Array,
  start: number,
  read: (position: number) => Promise<Uint8Array>,
): Promise<number> {
  if (typeflag !== TYPEFLAG.gnuSparse || header[MAP_GOES_ON.header] === 0) return 0;
  let blocks = 1;
  for (let at = start; ((await read(at))[MAP_GOES_ON.block] ?? 0) !== 0; at += TAR_BLOCK) blocks++;
  return blocks;
}

function isExtension({ typeflag }: TarHeader): boolean {
  return (
    typeflag === TYPEFLAG.paxHeader ||
    typeflag === TYPEFLAG.paxGlobalHeader ||
    typeflag === TYPEFLAG.gnuLongName ||
    typeflag === TYPEFLAG.gnuLongLink
  );
}

async function extend(
  overrides: Overrides,
  { typeflag, size }: TarHeader,
  read: (length: number) => Promise<Uint8Array>,
  where: string,
): Promise<void> {
  // Global records hold comments; a name or size for all entries would mean nothing.
  if (typeflag === TYPEFLAG.paxGlobalHeader) return;
  if (size > EXTENDED_HEADER_LIMIT) {
    throw new Docker2vmError("E_BAD_ARCHIVE", `${where}: an extended header of ${size} bytes`);
  }
  const bytes = await read(size);
  if (typeflag === TYPEFLAG.gnuLongName) overrides.name = text(bytes);
  else if (typeflag === TYPEFLAG.gnuLongLink) overrides.linkname = text(bytes);
  else applyPax(overrides, bytes, where);
}

function applyPax(overrides: Overrides, bytes: Uint8Array, where: string): void {
  const records = parsePaxRecords(bytes);
  const size = records?.get("size") ?? "";
  if (records === undefined || !/^\d*$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new Docker2vmError("E_BAD_ARCHIVE", `${where}: a malformed pax header`);
  }
  // An empty value takes back what was said before.
  if (records.has("path")) overrides.name = records.get("path") || undefined;
  if (records.has("linkpath")) overrides.linkname = records.get("linkpath") || undefined;
  if (records.has("size")) overrides.size = size === "" ? undefined : Number(size);
  // Of a sparse file "path" is a name that nobody asks for.
  if (records.has("GNU.sparse.name")) overrides.name = records.get("GNU.sparse.name") || undefined;
  overrides.sparse ||= [...records.keys()].some((key) => key.startsWith("GNU.sparse."));
}

/** One block at a position, out of a window that is read anew only when the block lies outside. */
function windowed(read: ReadAt): (position: number) => Promise<Uint8Array> {
  let start = 0;
  let bytes = new Uint8Array();
  return async (position) => {
    if (position < start || position + TAR_BLOCK > start + bytes.length) {
      start = position;
      bytes = new Uint8Array(await read(position, WINDOW));
    }
    return bytes.subarray(position - start, position - start + TAR_BLOCK);
  };
}

function padded(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}

function checkInside(name: string, length: number, position: number, size: number, where: string): void {
  const missing = position + TAR_BLOCK + length - size;
  if (missing <= 0) return;
  throw new Docker2vmError(
    "E_BAD_ARCHIVE",
    `${where}: is cut off: the entry ${quote(name)} at byte ${position} lacks its last ${missing} bytes`,
    { hint: "the archive was not written or copied to its end: do that again" },
  );
}

function noHeader(where: string, position: number, length: number, last: string): Docker2vmError {
  if (position === 0) {
    return new Docker2vmError("E_BAD_ARCHIVE", `${where}: is not a tar archive`, {
      hint: "docker save and skopeo copy … docker-archive:FILE write one",
    });
  }
  const what = length < TAR_BLOCK ? `is cut off in the header` : "has no valid header";
  return new Docker2vmError(
    "E_BAD_ARCHIVE",
    `${where}: ${what} at byte ${position}, after the entry ${quote(last)}`,
    {
      hint: "the archive is damaged: write or copy it again",
    },
  );
}
