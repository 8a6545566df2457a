import { TarFault } from "./fault.ts";
import { checksumHolds, readCount, readNumber, readString } from "./fields.ts";
import { GNU_MAGIC, HEADER, TYPEFLAG, USTAR_MAGIC } from "./format.ts";

/** A header block as it stands, before extended headers change it. Strings hold bytes, one character each. */
export interface TarHeader {
  readonly path: string;
  readonly linkname: string;
  readonly typeflag: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  /** As written: negative or beyond 32 bits where the writer had it so. */
  readonly uid: number;
  readonly gid: number;
  /** Bytes of contents that follow, unpadded; not negative. */
  readonly size: number;
  /** Seconds, negative before 1970. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

/** The path in a header block, for entry and messages. Throws TarFault unless it is a header at all. */
export function headerPath(block: Buffer): string {
  if (!checksumHolds(block)) throw new TarFault("this is not a tar header: its checksum does not hold");
  const name = readString(block, HEADER.name);
  if (block[HEADER.prefix.offset] === 0 || !hasMagic(block, USTAR_MAGIC)) return name;
  return `${readString(block, HEADER.prefix)}/${name}`;
}

/** Decodes the header block that has this path. Throws TarFault for what no tar can mean. */
export function decodeHeader(block: Buffer, path: string): TarHeader {
  const typeflag = String.fromCharCode(block[HEADER.typeflag.offset] ?? 0);
  const isDevice = typeflag === TYPEFLAG.CHRTYPE || typeflag === TYPEFLAG.BLKTYPE;
  // v7 headers have no device numbers: what is there may be anything.
  const hasDevice = isDevice && (hasMagic(block, USTAR_MAGIC) || hasMagic(block, GNU_MAGIC));
  return {
    path,
    linkname: readString(block, HEADER.linkname),
    typeflag,
    mode: readNumber(block, HEADER.mode) & 0o7777,
    uid: readNumber(block, HEADER.uid),
    gid: readNumber(block, HEADER.gid),
    size: readCount(block, HEADER.size),
    mtime: readNumber(block, HEADER.mtime),
    major: hasDevice ? readCount(block, HEADER.devmajor) : 0,
    minor: hasDevice ? readCount(block, HEADER.devminor) : 0,
  };
}

function hasMagic(block: Buffer, magic: string): boolean {
  for (let at = 0; at < magic.length; at++) {
    if (block[HEADER.magic.offset + at] !== magic.charCodeAt(at)) return false;
  }
  return true;
}
