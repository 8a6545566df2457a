/**
 * How the parts of a layer are written to be read again beside its tar, without looking for them in it: records one after
 * another, in pieces of memory that none goes beyond. Numbers are little-endian; strings are bytes, one character each.
 *
 * - xattr: its name and its value, each once and with a number by its place among them
 * - list: those that entries have together, by their numbers; numbered likewise
 * - entry: of those that follow from others (the times, the bytes that come) only what differs
 * - contents: offset in the file, and where the bytes lie: in the file of the tar, and how many
 * - end: warnings of the tar
 */
import type { EntryType } from "../../tree/entry.ts";

/**
 * To be raised with every change of this, and of what parts or warnings a tar amounts to: what was kept before is left
 * behind.
 */
export const PARTS_FORMAT = 2;

export const RECORD = { xattr: 1, list: 2, entry: 3, contents: 4, end: 5 } as const;

/** By their numbers. */
export const TYPES: readonly EntryType[] = [
  "file",
  "hardlink",
  "symlink",
  "char",
  "block",
  "directory",
  "fifo",
  "socket",
];

/** What an entry's record has beside what each has. */
export const HAS = { atime: 1, ctime: 2, stored: 4, device: 8, list: 16 } as const;

/** Bytes of a record of contents. */
export const CONTENTS = 21;
/** Bytes that an entry takes at most, but for its strings. */
export const ENTRY_MOST = 96;
