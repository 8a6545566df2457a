/** The records of an extended header that anybody reads; the others are not kept. */
import { recordPlaces } from "./pax.ts";

/** One "keyword=value". */
export type PaxRecord = readonly [key: string, value: string];

/** One header's, or several laid over one another. The strings are their own: none keeps the header in memory. */
export interface Records {
  /** Those that may come once; the last one counts. An empty value takes the keyword away. */
  readonly keywords: ReadonlyMap<string, string>;
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

/** What may be said of all entries at once. */
const COMMON: ReadonlySet<string> = new Set(["uid", "gid", "mtime", "atime", "ctime"]);
/** What can only be meant of one. */
const OF_ONE: ReadonlySet<string> = new Set(["path", "linkpath", "size"]);
const SPARSE = "GNU.sparse.";
const SPARSE_PAIRS: ReadonlySet<string> = new Set(["GNU.sparse.offset", "GNU.sparse.numbytes"]);

const NONE: ReadonlyMap<string, string> = new Map();
export const NO_RECORDS: Records = { keywords: NONE, attributes: NONE, sparse: [] };

/** Reads an extended header's contents; throws TarFault where they are no records. */
export function readRecords(bytes: Buffer): Records {
  const text = bytes.toString("latin1");
  const keywords = new Map<string, string>();
  const attributes = new Map<string, string>();
  const sparse: PaxRecord[] = [];
  for (const place of recordPlaces(text)) {
    const key = text.slice(place.key, place.equals);
    const isAttribute = isAttributeKey(key);
    if (!isAttribute && !COMMON.has(key) && !OF_ONE.has(key) && !key.startsWith(SPARSE)) continue;
    // Out of the bytes: a piece of the text would keep all of it.
    const value = bytes.toString("latin1", place.equals + 1, place.end);
    if (isAttribute) attributes.set(bytes.toString("latin1", place.key, place.equals), value);
    else if (SPARSE_PAIRS.has(key)) sparse.push([key, value]);
    else keywords.set(key, value);
  }
  return { keywords, attributes, sparse };
}

function isAttributeKey(key: string): boolean {
  return key.startsWith(SCHILY_XATTR) || key.startsWith(SCHILY_ACL) || key.startsWith(LIBARCHIVE_XATTR);
}

/** A global header's records: those that may be meant of all entries, and the keywords of the others. */
export function splitByUse(records: Records): { common: Records; ofOne: string[] } {
  const common = new Map([...records.keywords].filter(([key]) => COMMON.has(key)));
  const ofOne = [...records.keywords.keys(), ...records.sparse.map(([key]) => key)].filter(
    (key) => !COMMON.has(key),
  );
  return { common: { ...records, keywords: common, sparse: [] }, ofOne };
}

/** Puts one header's records over those before it. */
export function overlayRecords(base: Records, over: Records): Records {
  const keywords = new Map([...base.keywords, ...over.keywords]);
  for (const [key, value] of over.keywords) if (value === "") keywords.delete(key);
  return { keywords, attributes: new Map([...base.attributes, ...over.attributes]), sparse: [] };
}
