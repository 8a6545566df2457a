/**
 * Extended headers by way of tar-stream, which lets only files have contents: one is added as a file, and what comes
 * out of tar-stream is then marked as what it is.
 */
import type { Headers as Header } from "tar-stream";

/** Of a header: POSIX.1-2017 pax, "ustar Header Block". */
const CHKSUM = 148;
const CHKSUM_DIGITS = 6;
const TYPEFLAG = 156;
const REGTYPE = 0x30;
/** "x" */
const XHDTYPE = 0x78;

/** For tar-stream: a file of that many bytes. */
export function asFile(size: number): Header {
  return {
    name: "PaxHeader",
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: new Date(0),
    linkname: "",
    uname: "",
    gname: "",
    devmajor: 0,
    devminor: 0,
  };
}

/** Makes a file's header an extended one's. The checksum is the sum of all bytes. */
export function markAsExtended(header: Uint8Array): void {
  const digits = Buffer.from(header.buffer, header.byteOffset + CHKSUM, CHKSUM_DIGITS);
  const sum = Number.parseInt(digits.toString("latin1"), 8) + XHDTYPE - REGTYPE;
  digits.write(sum.toString(8).padStart(CHKSUM_DIGITS, "0"), "latin1");
  header[TYPEFLAG] = XHDTYPE;
}
