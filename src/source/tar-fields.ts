/** The header block of a tar archive: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format". */

export const TAR_BLOCK = 512;

/** Offset and width in bytes, of the fields that finding a file takes. */
export const TAR_FIELDS = {
  name: [0, 100],
  size: [124, 12],
  chksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  /** "ustar", NUL and the version "00"; GNU writes "ustar", two spaces and NUL, and uses `prefix` for other things. */
  magic: [257, 8],
  prefix: [345, 155],
} as const;

/** Byte that says whether a sparse file's map goes on in the next block: of its header, and of such a block. */
export const MAP_GOES_ON = { header: 482, block: 504 } as const;

export const USTAR_MAGIC = "ustar\x0000";

export const TYPEFLAG = {
  /** Before ustar, a regular file was NUL. */
  oldFile: "\0",
  file: "0",
  link: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
  contiguousFile: "7",
  paxHeader: "x",
  paxGlobalHeader: "g",
  gnuLongName: "L",
  gnuLongLink: "K",
  gnuSparse: "S",
} as const;
