/**
 * Where bbolt (go.etcd.io/bbolt, page.go, meta.go and bucket.go) keeps what in a database file. Numbers are in the order
 * of the machine that wrote it, which is little-endian on every machine that runs containerd.
 */

/** A place of a number: byte offset, and 2, 4 or 8 bytes. */
export interface Field {
  readonly offset: number;
  readonly width: 2 | 4 | 8;
}

/** What every page begins with. */
export const PAGE = {
  id: { offset: 0, width: 8 },
  flags: { offset: 8, width: 2 },
  count: { offset: 10, width: 2 },
  /** Pages behind this one that belong to it. */
  overflow: { offset: 12, width: 4 },
} as const satisfies Record<string, Field>;
export const PAGE_HEADER = 16;

export const BRANCH_PAGE = 0x01;
export const LEAF_PAGE = 0x02;

/** What the pages 0 and 1 hold behind their header. */
export const META = {
  magic: { offset: 0, width: 4 },
  version: { offset: 4, width: 4 },
  pageSize: { offset: 8, width: 4 },
  /** Page of the root bucket. */
  root: { offset: 16, width: 8 },
  /** The first page that no transaction has had. */
  pageCount: { offset: 40, width: 8 },
  transaction: { offset: 48, width: 8 },
  /** FNV-1a of 64 bits of what is before. */
  checksum: { offset: 56, width: 8 },
} as const satisfies Record<string, Field>;
export const META_SIZE = 64;

export const MAGIC = 0xed0cdaed;
export const VERSION = 2;
/** The sizes a page may have; 4096 nearly everywhere. */
export const PAGE_SIZES: readonly number[] = Array.from({ length: 16 }, (_, i) => 1024 << i);

/** An element of a branch page; `position` counts from the element's own beginning. */
export const BRANCH = {
  position: { offset: 0, width: 4 },
  keySize: { offset: 4, width: 4 },
  page: { offset: 8, width: 8 },
} as const satisfies Record<string, Field>;

/** An element of a leaf page; the value follows the key. */
export const LEAF = {
  flags: { offset: 0, width: 4 },
  position: { offset: 4, width: 4 },
  keySize: { offset: 8, width: 4 },
  valueSize: { offset: 12, width: 4 },
} as const satisfies Record<string, Field>;
export const ELEMENT_SIZE = 16;

/** Flag of a leaf element whose value is a bucket. */
export const BUCKET_ELEMENT = 0x01;

/** The value of such an element. A bucket whose root is 0 has its one page right behind this. */
export const BUCKET = { root: { offset: 0, width: 8 } } as const satisfies Record<string, Field>;
export const BUCKET_HEADER = 16;

/** The number in a field; undefined where the bytes end before, or where it is larger than any page or size can be. */
export function readField(bytes: Uint8Array, { offset, width }: Field): number | undefined {
  if (offset + width > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, width);
  if (width === 2) return view.getUint16(0, true);
  if (width === 4) return view.getUint32(0, true);
  const value = view.getBigUint64(0, true);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** FNV-1a of 64 bits. */
export function fnv1a(bytes: Uint8Array): bigint {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return hash;
}
