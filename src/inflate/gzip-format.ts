/** gzip members: RFC 1952. */

/** 2.2: the fixed part of a member's header. */
const HEADER_LENGTH = 10;
export const TRAILER_LENGTH = 8;

/** 2.3.1: the one compression method, and the bits of FLG. */
const CM_DEFLATE = 8;
const FHCRC = 0x02;
const FEXTRA = 0x04;
const FNAME = 0x08;
const FCOMMENT = 0x10;
const RESERVED = 0xe0;

/** The end of a member: CRC-32 of its uncompressed bytes and their number modulo 2^32. */
export interface GzipTrailer {
  readonly crc: number;
  readonly length: number;
}

/** Reads the trailer that the bytes begin with. */
export function readTrailer(bytes: Buffer): GzipTrailer {
  return { crc: bytes.readUInt32LE(0), length: bytes.readUInt32LE(4) };
}

/**
 * The header's length if all of it is there and it is as the RFC has it, its own checksum included.
 *
 * @param crc32 the CRC-32 of bytes, signed or not
 */
export function headerLength(
  bytes: Buffer,
  at: number,
  crc32: (bytes: Uint8Array) => number,
): number | undefined {
  const flags = bytes[at + 3] ?? RESERVED;
  const isGzip = bytes[at] === 0x1f && bytes[at + 1] === 0x8b && bytes[at + 2] === CM_DEFLATE;
  if (!isGzip || (flags & RESERVED) !== 0) return undefined;
  let end = at + HEADER_LENGTH;
  if ((flags & FEXTRA) !== 0) end += 2 + readUInt16(bytes, end);
  for (const flag of [FNAME, FCOMMENT]) {
    if ((flags & flag) === 0) continue;
    const nul = bytes.indexOf(0, end);
    if (nul < 0) return undefined;
    end = nul + 1;
  }
  if ((flags & FHCRC) !== 0) {
    if (readUInt16(bytes, end) !== (crc32(bytes.subarray(at, end)) & 0xffff)) return undefined;
    end += 2;
  }
  return end <= bytes.length ? end - at : undefined;
}

function readUInt16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
}

/** Throws unless what follows the last member is zeros: tapes and some writers pad with them. */
export function checkZeroPadding(rest: Uint8Array, damaged: (cause: unknown) => Error): void {
  if (rest.some((byte) => byte !== 0)) throw damaged(new Error("bytes other than zeros follow its end"));
}
