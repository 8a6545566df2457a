/** The records of an extended header that anybody reads; the others are not kept. */
import { visitRecords } from "./pax.ts";

/** One "keyword=value". */
export type PaxRecord = readonly [key: string, value: string];

/** One header's, or several laid over one another. Names and attributes are strings of their own, which keep no header in memory. */
export interface Records {
  /** Those that may come once; the last one counts. */
  readonly keywords: ReadonlyMap<string, string>;
  /** Those of the keywords whose value is empty: it takes away what was said before. */
  readonly takenAway: readonly string[];
  /** Extended attributes; an empty value is what the attribute holds. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Those of a sparse file's map that come again and again, in their order. */
  readonly sparse: readonly PaxRecord[];
}

/** star's, GNU tar's and Go's: the name as it is, the value's bytes as they are. */
export const SCHILY_XATTR = "SCHILY.xattr.";
/** libarchive's: the name percent-encoded, the value in base64. */
export const LIBARCHIVE_XATTR = "LIBARCHIVE.xattr.";
/** Access control lists as text. */
export const SCHILY_ACL = "SCHILY.acl.";

/** What may be said of all entries at once: numbers and times. */
const COMMON: ReadonlySet<string> = new Set(["uid", "gid", "mtime", "atime", "ctime"]);
/** What can only be meant of one, besides the map of a sparse file. */
const NAMES: ReadonlySet<string> = new Set(["path", "linkpath", "GNU.sparse.name"]);
const SIZE = "size";
const SPARSE: ReadonlySet<string> = new Set(
  ["major", "minor", "size", "realsize", "map"].map((name) => `GNU.sparse.${name}`),
);
const SPARSE_PAIRS: ReadonlySet<string> = new Set(["GNU.sparse.offset", "GNU.sparse.numbytes"]);

const NONE: ReadonlyMap<string, string> = new Map();
export const NO_RECORDS: Records = { keywords: NONE, takenAway: [], attributes: NONE, sparse: [] };

/** Reads an extended header's contents; throws TarFault where they are no records. */
export function readRecords(bytes: Buffer): Records {
  const text = bytes.toString("latin1");
  const keywords = new Map<string, string>();
  let attributes: Map<string, string> | undefined;
  let sparse: PaxRecord[] | undefined;
  visitRecords(text, (start, equals, end) => {
    const key = text.slice(start, equals);
    // What stays in the tree is taken out of the bytes: a piece of the text would keep all of it in memory.
    if (COMMON.has(key) || key === SIZE) keywords.set(key, text.slice(equals + 1, end));
    else if (NAMES.has(key)) keywords.set(key, bytes.toString("latin1", equals + 1, end));
    else if (isAttributeKey(key)) {
      attributes ??= new Map();
      attributes.set(bytes.toString("latin1", start, equals), bytes.toString("latin1", equals + 1, end));
    } else if (SPARSE_PAIRS.has(key)) {
      sparse ??= [];
      sparse.push([key, text.slice(equals + 1, end)]);
    } else if (SPARSE.has(key)) keywords.set(key, text.slice(equals + 1, end));
  });
  const takenAway = dropEmpty(keywords);
  return { keywords, takenAway, attributes: attributes ?? NONE, sparse: sparse ?? NO_RECORDS.sparse };
}

function dropEmpty(keywords: Map<string, string>): readonly string[] {
  let dropped = NO_RECORDS.takenAway;
  for (const [key, value] of keywords) {
    if (value !== "") continue;
    keywords.delete(key);
    dropped = [...dropped, key];
  }
  return dropped;
}

function isAttributeKey(key: string): boolean {
  return key.startsWith(SCHILY_XATTR) || key.startsWith(SCHILY_ACL) || key.startsWith(LIBARCHIVE_XATTR);
}

/** A global header's records: those that may be meant of all entries, and the keywords of the others. */
export function splitByUse(records: Records): { common: Records; ofOne: string[] } {
  const { keywords, sparse } = records;
  const common = new Map([...keywords].filter(([key]) => COMMON.has(key)));
  const ofOne = [...keywords.keys(), ...sparse.map(([key]) => key)].filter((key) => !COMMON.has(key));
  return { common: { ...records, keywords: common, sparse: [] }, ofOne };
}

/** Puts one header's records over those before it. */
export function overlayRecords(base: Records, over: Records): Records {
  const keywords = overlayKeywords(base.keywords, over);
  const attributes = new Map([...base.attributes, ...over.attributes]);
  return { keywords, takenAway: [], attributes, sparse: over.sparse };
}

/** As overlayRecords, of the keywords alone. */
export function overlayKeywords(
  base: ReadonlyMap<string, string>,
  over: Records,
): ReadonlyMap<string, string> {
  if (base.size === 0) return over.keywords;
  const keywords = new Map([...base, ...over.keywords]);
  for (const key of over.takenAway) keywords.delete(key);
  return keywords;
}
