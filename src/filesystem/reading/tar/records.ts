/**
 * Extended headers: POSIX.1-2017 pax, "pax Extended Header". They are made as bytes here, since names and attributes
 * need not be UTF-8 (tar-stream's `pax` option takes text); as GNU tar does, without saying so in hdrcharset.
 */

import type { Timestamp, Xattr } from "../../../tree/inode.ts";
import type { ReadableFilesystem } from "../filesystem.ts";
import { fitsId, fitsName, fitsSize, fitsTime } from "./header-limits.ts";
import type { Member } from "./member.ts";

/** Keyword and value: bytes, one character each. */
type PaxRecord = readonly [keyword: string, value: string];

/** The extended header's contents: what a header cannot say of the member; empty if there is nothing. */
export function extendedHeader(filesystem: ReadableFilesystem, member: Member): Uint8Array {
  const { path, target, type, inode } = member;
  const { uid, gid, size, mtime, atime, ctime } = inode;
  const records: PaxRecord[] = [];
  if (!fitsName(path)) records.push(["path", path]);
  if (!fitsName(target)) records.push(["linkpath", target]);
  if (!fitsId(uid)) records.push(["uid", String(uid)]);
  if (!fitsId(gid)) records.push(["gid", String(gid)]);
  if (type === "file" && !fitsSize(size)) records.push(["size", String(size)]);
  if (!fitsTime(mtime)) records.push(["mtime", decimalTime(mtime)]);
  // Where these are not said, a reader takes them for the time of the last change.
  if (!isSame(atime, mtime)) records.push(["atime", decimalTime(atime)]);
  if (!isSame(ctime, mtime)) records.push(["ctime", decimalTime(ctime)]);
  for (const xattr of filesystem.xattrs(inode)) records.push(xattrRecord(xattr));
  return Buffer.from(records.map(encoded).join(""), "latin1");
}

/**
 * "SCHILY.xattr." with name and value as they are is what GNU tar, Go's programs and libarchive read. A name that
 * would not come out of it again goes the way of libarchive: percent-encoded, the value in base64.
 */
function xattrRecord({ name, value }: Xattr): PaxRecord {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (!/[=\0]|%3D|%25/.test(name)) return [`SCHILY.xattr.${name}`, bytes.toString("latin1")];
  const safe = name.replace(/[^!-~]|[%=]/g, (char) => `%${hex(char.charCodeAt(0))}`);
  return [`LIBARCHIVE.xattr.${safe}`, bytes.toString("base64").replace(/=+$/, "")];
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

/** "length keyword=value\n", where the length counts its own digits. */
function encoded([keyword, value]: PaxRecord): string {
  const rest = ` ${keyword}=${value}\n`;
  const digits = String(rest.length).length;
  const length = rest.length + digits;
  // One more digit may make the number longer by one.
  return `${String(length).length > digits ? length + 1 : length}${rest}`;
}

/** Seconds as a decimal number: nanoseconds count upwards also before 1970. */
function decimalTime({ seconds, nanoseconds }: Timestamp): string {
  if (nanoseconds === 0) return String(seconds);
  if (seconds >= 0) return `${seconds}.${fraction(nanoseconds)}`;
  return `-${-seconds - 1}.${fraction(1_000_000_000 - nanoseconds)}`;
}

function fraction(nanoseconds: number): string {
  return String(nanoseconds).padStart(9, "0").replace(/0+$/, "");
}

function isSame(one: Timestamp, other: Timestamp): boolean {
  return one.seconds === other.seconds && one.nanoseconds === other.nanoseconds;
}
