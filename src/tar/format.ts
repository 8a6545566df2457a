/**
 * The header block of a tar archive and what may stand in it. Sources: POSIX.1-2017 pax, "ustar Interchange Format"
 * and "pax Header Block"; GNU tar manual, "Basic Tar Format" (`struct posix_header`, `struct oldgnu_header`,
 * `struct sparse_header`).
 */

/** Bytes of a header, and the unit contents are padded to. */
export const BLOCK = 512;

/** Where a field lies in its block, in bytes. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly width: number;
}

/** `struct posix_header`; the first nine fields are all that a v7 header has. */
export const HEADER = {
  name: { name: "name", offset: 0, width: 100 },
  mode: { name: "mode", offset: 100, width: 8 },
  uid: { name: "uid", offset: 108, width: 8 },
  gid: { name: "gid", offset: 116, width: 8 },
  size: { name: "size", offset: 124, width: 12 },
  mtime: { name: "mtime", offset: 136, width: 12 },
  chksum: { name: "chksum", offset: 148, width: 8 },
  typeflag: { name: "typeflag", offset: 156, width: 1 },
  linkname: { name: "linkname", offset: 157, width: 100 },
  magic: { name: "magic", offset: 257, width: 8 },
  devmajor: { name: "devmajor", offset: 329, width: 8 },
  devminor: { name: "devminor", offset: 337, width: 8 },
  /** ustar only: GNU keeps other things here. */
  prefix: { name: "prefix", offset: 345, width: 155 },
} as const satisfies Record<string, Field>;

/** `struct oldgnu_header`: four pairs of offset and length in the header of a sparse file. */
export const GNU_SPARSE = {
  entries: { name: "sp", offset: 386, width: 4 * 24 },
  isextended: { name: "isextended", offset: 482, width: 1 },
  realsize: { name: "realsize", offset: 483, width: 12 },
} as const satisfies Record<string, Field>;

/** `struct sparse_header`: 21 pairs more in each block that follows while `isextended` is set. */
export const GNU_SPARSE_EXTENSION = {
  entries: { name: "sp", offset: 0, width: 21 * 24 },
  isextended: { name: "isextended", offset: 504, width: 1 },
} as const satisfies Record<string, Field>;

/** The `magic` and `version` fields together: "ustar\0" with any version (POSIX), "ustar  \0" (GNU). */
export const USTAR_MAGIC = "ustar\0";
export const GNU_MAGIC = "ustar  \0";

/** What the entries of a tar become, and the header blocks that only describe the next entry. */
export const TYPEFLAG = {
  AREGTYPE: "\0",
  REGTYPE: "0",
  LNKTYPE: "1",
  SYMTYPE: "2",
  CHRTYPE: "3",
  BLKTYPE: "4",
  DIRTYPE: "5",
  FIFOTYPE: "6",
  CONTTYPE: "7",
  XHDTYPE: "x",
  XGLTYPE: "g",
  /** Sun's forerunner of "x". */
  SOLARIS_XHDTYPE: "X",
  GNUTYPE_LONGNAME: "L",
  GNUTYPE_LONGLINK: "K",
  GNUTYPE_SPARSE: "S",
  /** A directory whose contents list its names; `--incremental` writes it. */
  GNUTYPE_DUMPDIR: "D",
  GNUTYPE_VOLHDR: "V",
  /** The rest of a file that began on another volume. */
  GNUTYPE_MULTIVOL: "M",
} as const;

/** Bytes of an extended header or of a GNU long name. */
export const MAX_EXTENDED_HEADER = 1 << 20;
/** Extended attributes that global headers may give to every entry: more than an inode of ext4 has room for. */
export const MAX_GLOBAL_ATTRIBUTES = 256;
/** Bytes of a path or a link's target: Linux's PATH_MAX. */
export const MAX_PATH = 4096;
/** Entries of a sparse file's map. */
export const MAX_SPARSE_ENTRIES = 1_000_000;

/** `size` with its padding. Numbers to 2^53: no bitwise operators. */
export function padded(size: number): number {
  const over = size % BLOCK;
  return over === 0 ? size : size + BLOCK - over;
}
