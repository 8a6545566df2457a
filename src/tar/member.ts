/** What a header and the extended headers before it make of an entry, for whoever reads tars. */
import type { Extension } from "./extended-headers.ts";
import { quotePath, TarFault } from "./fault.ts";
import { MAX_PATH, TYPEFLAG } from "./format.ts";
import type { TarHeader } from "./header.ts";
import { paxNumber } from "./pax.ts";
import type { Segment } from "./sparse.ts";
import { openSparseMap, type SparseMap } from "./sparse-map.ts";

export type TarEntryType = "file" | "hardlink" | "symlink" | "char" | "block" | "directory" | "fifo";

/** An entry whose header has come; a map of holes may still be on its way. */
export interface Member {
  readonly header: TarHeader;
  readonly extension: Extension;
  readonly path: string;
  /** Undefined for what is no file, and is passed over with what follows it. */
  readonly type: TarEntryType | undefined;
  /** Bytes that follow the header, unpadded: contents, and perhaps a map before them. */
  readonly following: number;
  /** Of a sparse file; to be completed by the blocks that follow before the contents begin. */
  readonly map: SparseMap | undefined;
}

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

/** The entry that `block` is the header of, `path` being its memberPath. Throws TarFault for what no tar can mean. */
export function openMember(header: TarHeader, block: Buffer, extension: Extension, path: string): Member {
  const { typeflag } = header;
  const size = paxNumber(extension.pax, "size") ?? header.size;
  const type = entryType(typeflag, path, size);
  if (type === "file") {
    const map = openSparseMap(block, typeflag, extension, size);
    return { header, extension, path, type, following: size, map };
  }
  if (size > 0 && typeflag === TYPEFLAG.AREGTYPE) {
    throw new TarFault("it has contents, but its name is that of a directory");
  }
  // Of those that have no contents only these are followed by bytes, whatever their sizes say.
  const isFollowed = type === undefined || typeflag === TYPEFLAG.GNUTYPE_DUMPDIR;
  return { header, extension, path, type, following: isFollowed ? size : 0, map: undefined };
}

/** Of a file whose map, if it has one, is complete. Throws TarFault if the map contradicts the sizes. */
export function fileShape({ following, map }: Member): FileShape {
  if (map === undefined) {
    const segments = following === 0 ? NO_FILE.segments : [{ offset: 0, length: following }];
    return { size: following, stored: following, segments };
  }
  const stored = following - map.inside;
  return { size: map.realSize, stored, segments: map.pairs.segments(map.realSize, stored) };
}

/** What kind of entry the typeflag makes, or undefined for those that are no files. */
function entryType(typeflag: string, path: string, size: number): TarEntryType | undefined {
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

/** The target of a link. Throws TarFault for one that Linux could not take. */
export function linkTarget(header: TarHeader, { pax, longLink }: Extension): string {
  const target = pax.get("linkpath") ?? longLink ?? header.linkname;
  checkPath("the link's target", target);
  return target;
}

function checkPath(what: string, path: string): void {
  if (path.length > MAX_PATH) throw new TarFault(`${what} is longer than ${MAX_PATH} bytes`);
  if (path.includes("\0")) throw new TarFault(`${what} holds a NUL: ${quotePath(path)}`);
}
