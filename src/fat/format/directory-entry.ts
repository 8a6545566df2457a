import { bytes, le16, le32, u8 } from "../../blocks/field.ts";

export const ENTRY_SIZE = 32;

/** struct msdos_dir_entry (linux/msdos_fs.h; ECMA-107, 11). */
export const DIRECTORY_ENTRY = {
  /** Eight characters and three behind the dot, filled with blanks. */
  Name: bytes(0x00, 11),
  Attr: u8(0x0b),
  CrtTime: le16(0x0e),
  CrtDate: le16(0x10),
  LstAccDate: le16(0x12),
  WrtTime: le16(0x16),
  WrtDate: le16(0x18),
  FstClusLO: le16(0x1a),
  FileSize: le32(0x1c),
};

export const ATTR_VOLUME_ID = 0x08;
export const ATTR_ARCHIVE = 0x20;

/** struct msdos_dir_slot: a part of a long name, in front of its entry. */
export const LONG_NAME_ENTRY = {
  /** Which part; with LAST_LONG_ENTRY the last, which comes first. */
  Ord: u8(0x00),
  Name1: bytes(0x01, 10),
  Attr: u8(0x0b),
  /** Of the short name. */
  Chksum: u8(0x0d),
  Name2: bytes(0x0e, 12),
  Name3: bytes(0x1c, 4),
};

export const ATTR_LONG_NAME = 0x0f;
export const LAST_LONG_ENTRY = 0x40;
/** UTF-16 characters of a part. */
export const LONG_NAME_CHARACTERS = 13;

/** The sum over a short name that its long one bears: fat_checksum (fs/fat/fat.h). */
export function shortNameChecksum(name: Uint8Array): number {
  let sum = 0;
  for (const byte of name) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff;
  return sum;
}

/** Years that a date can say. */
const FIRST_YEAR = 1980;
const LAST_YEAR = 2107;

/** Date and time in their two fields of 16 bits, in UTC; what they cannot say is the nearest that they can. */
export function dosTime(seconds: number): { readonly date: number; readonly time: number } {
  const latest = Date.UTC(LAST_YEAR, 11, 31, 23, 59, 58);
  const at = new Date(Math.min(Math.max(seconds * 1000, Date.UTC(FIRST_YEAR, 0, 1)), latest));
  return {
    date: ((at.getUTCFullYear() - FIRST_YEAR) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
  };
}
