/** Reading a bbolt database, also while another program has it open and writes to it. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import { Bucket } from "./bucket.ts";
import { fnv1a, MAGIC, META, META_SIZE, PAGE_HEADER, PAGE_SIZES, readField, VERSION } from "./format.ts";
import { brokenDatabase, type Pages } from "./pages.ts";

/** Times that the database is read anew because it has changed meanwhile. A transaction waits for the disk, twice. */
const TRIES = 100;

interface Meta {
  readonly pageSize: number;
  readonly pageCount: number;
  readonly root: number;
  readonly transaction: number;
}

/**
 * What `use` makes of the root bucket, of one state of the database. It may be called again, and what it throws counts
 * only if the state was still there then.
 *
 * No lock is asked for: whoever has the database open holds it for as long as it runs. Nor is one needed. A transaction
 * writes only to pages that the last one has no use for, and its meta page last; so what belongs to transaction N is
 * overwritten by N + 2 at the earliest, which begins when the meta page of N + 1 is there. If that is still not to be
 * seen after reading, all that was read was N's.
 *
 * Throws system errors as they are, E_BAD_MANIFEST for what is no whole database, E_IO if it never stays as it is.
 */
export function readDatabase<T>(path: string, use: (root: Bucket) => T): T {
  const file = openSync(path, "r");
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const meta = currentMeta(file, path);
      const outcome = attempt(() => use(new Bucket(pagesOf(file, path, meta), meta.root)));
      if (currentMeta(file, path).transaction !== meta.transaction) continue;
      if ("error" in outcome) throw outcome.error;
      return outcome.value;
    }
  } finally {
    closeSync(file);
  }
  throw new Docker2vmError("E_IO", `${path}: changes faster than it can be read`, {
    hint: "try again once less is pulled and removed there",
  });
}

function attempt<T>(use: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: use() };
  } catch (error) {
    return { error };
  }
}

function pagesOf(file: number, path: string, { pageSize, pageCount }: Meta): Pages {
  const { size } = fstatSync(file);
  return {
    path,
    read: (page, pages) => {
      if (page < 2 || page + pages > pageCount) throw brokenDatabase(path, `it has no page ${page}`);
      if ((page + pages) * pageSize > size) throw brokenDatabase(path, `it ends before page ${page} does`);
      return readAt(file, page * pageSize, pages * pageSize);
    },
  };
}

/** The newer of the two meta pages; one that is being written just now is not valid yet. */
function currentMeta(file: number, path: string): Meta {
  const { size } = fstatSync(file);
  const first = metaAt(file, 0);
  // Where the first one is not valid, nothing tells how large pages are.
  const sizes = first === undefined ? PAGE_SIZES : [first.pageSize];
  const second = sizes.map((pageSize) => metaAt(file, pageSize)).find((meta) => meta !== undefined);
  const metas = [first, second].filter((meta) => meta !== undefined);
  const [meta] = metas.sort((a, b) => b.transaction - a.transaction);
  if (meta !== undefined) return meta;
  throw brokenDatabase(path, size === 0 ? "it is empty" : "it has no valid meta page");
}

function metaAt(file: number, position: number): Meta | undefined {
  const bytes = readAt(file, position + PAGE_HEADER, META_SIZE);
  if (bytes.length < META_SIZE) return undefined;
  if (readField(bytes, META.magic) !== MAGIC || readField(bytes, META.version) !== VERSION) return undefined;
  const { offset } = META.checksum;
  const checksum = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true);
  if (fnv1a(bytes.subarray(0, offset)) !== checksum) return undefined;
  const pageSize = readField(bytes, META.pageSize) ?? 0;
  if (!PAGE_SIZES.includes(pageSize)) return undefined;
  return {
    pageSize,
    pageCount: readField(bytes, META.pageCount) ?? 0,
    root: readField(bytes, META.root) ?? 0,
    transaction: readField(bytes, META.transaction) ?? 0,
  };
}

function readAt(file: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const count = readSync(file, bytes, got, length - got, position + got);
    if (count === 0) break;
    got += count;
  }
  return bytes.subarray(0, got);
}
