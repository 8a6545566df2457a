/** How a directory's entries are spread over blocks: in one, or in leaves in order of hash below an index. */
import type { Steps } from "../../../waiting/steps.ts";
import { limitError } from "../../kind/limit-error.ts";
import { DIRECTORY_ENTRY_HEADER } from "../format/directory.ts";
import type { DirectoryHash } from "../format/dirhash.ts";
import type { DirectoryRoom } from "./variant.ts";

/** Bytes of "." and of "..". */
const DOT_ENTRY_SIZE = 12;
/** A fifth of each leaf stays free, as e2fsck -D leaves it: else the first new name in each would split it. */
const LEAF_FILL = 0.8;
/** The hash's bit 0 in the index: the block's first hash is also the last of the block before (fs/ext4/namei.c). */
const CONTINUES = 1;
/** Names that are hashed without a pause. */
const NAMES_PER_STEP = 2 ** 12;

export interface DirectoryLayout {
  /** In byte order, without "." and "..". */
  readonly names: readonly string[];
  /** For each name the index of its inode; filled in while the tree is walked. */
  readonly children: number[];
  /** Blocks of the directory. */
  readonly blocks: number;
  readonly index: DirectoryIndex | undefined;
  readonly room: DirectoryRoom;
}

/** Block 0 is the root; then come the nodes, if there are any, then the leaves. */
export interface DirectoryIndex {
  /** Places in `names`, by hash. */
  readonly order: Uint32Array;
  /** For each leaf the place in `order` of its first entry; one more for the end. */
  readonly leafStarts: readonly number[];
  /** For each leaf the hash that the index has for it. */
  readonly leafHashes: readonly number[];
  /** Index blocks between the root and the leaves: 0 while the root has room for every leaf. */
  readonly nodes: number;
}

/** Bytes of an entry: header and name, rounded up to 4. */
export function entrySize(name: string): number {
  return (DIRECTORY_ENTRY_HEADER + name.length + 3) & ~3;
}

/** What a directory's layout follows besides its names. */
export interface DirectoryDemand {
  readonly hash: DirectoryHash;
  readonly room: DirectoryRoom;
  readonly minimumBlocks: number;
}

/** Lays out the sorted names. Throws E_FILESYSTEM_LIMIT if two levels of index do not reach all leaves. */
export function* layOutDirectory(
  names: readonly string[],
  { hash, room, minimumBlocks }: DirectoryDemand,
  path: () => string,
): Steps<DirectoryLayout> {
  let size = 2 * DOT_ENTRY_SIZE;
  for (const name of names) size += entrySize(name);
  if (size <= room.entries) return { names, children: [], blocks: minimumBlocks, index: undefined, room };
  const index = yield* buildIndex(names, hash, room);
  if (index.nodes > room.rootLimit) {
    throw limitError(
      path(),
      `a directory of ${names.length} entries; an index of two levels does not hold so many`,
      "spread the files over several directories in the image",
    );
  }
  return { names, children: [], blocks: 1 + index.nodes + index.leafHashes.length, index, room };
}

function* buildIndex(
  names: readonly string[],
  hash: DirectoryHash,
  { entries, rootLimit, nodeLimit }: DirectoryRoom,
): Steps<DirectoryIndex> {
  const fill = Math.floor(entries * LEAF_FILL);
  const hashes = yield* hashesOf(names, hash);
  const order = orderByHash(hashes);
  const leafStarts: number[] = [];
  const leafHashes: number[] = [];
  let room = 0;
  let previous = -1;
  for (let at = 0; at < order.length; at++) {
    const entry = order[at] ?? 0;
    const size = entrySize(names[entry] ?? "");
    const entryHash = hashes[entry] ?? 0;
    if (size > room) {
      leafStarts.push(at);
      leafHashes.push(entryHash === previous ? entryHash + CONTINUES : entryHash);
      room = fill;
    }
    room -= size;
    previous = entryHash;
  }
  leafStarts.push(order.length);
  const leaves = leafHashes.length;
  return {
    order,
    leafStarts,
    leafHashes,
    nodes: leaves <= rootLimit ? 0 : Math.ceil(leaves / nodeLimit),
  };
}

function* hashesOf(names: readonly string[], hash: DirectoryHash): Steps<Uint32Array> {
  const hashes = new Uint32Array(names.length);
  for (let i = 0; i < names.length; i++) {
    hashes[i] = hash(names[i] ?? "");
    if (i % NAMES_PER_STEP === 0) yield;
  }
  return hashes;
}

/** Places of the hashes in ascending order; equal ones stay in order. A radix sort: linear, and any count. */
function orderByHash(hashes: Uint32Array): Uint32Array {
  let order = Uint32Array.from(hashes, (_, i) => i);
  let sorted = new Uint32Array(hashes.length);
  const counts = new Uint32Array(257);
  for (let shift = 0; shift < 32; shift += 8) {
    counts.fill(0);
    for (const hash of hashes) increment(counts, ((hash >>> shift) & 0xff) + 1);
    for (let digit = 0; digit < 256; digit++)
      counts[digit + 1] = (counts[digit + 1] ?? 0) + (counts[digit] ?? 0);
    for (const entry of order) sorted[increment(counts, ((hashes[entry] ?? 0) >>> shift) & 0xff)] = entry;
    [order, sorted] = [sorted, order];
  }
  return order;
}

/** Adds 1 to a count and returns what it was. */
function increment(counts: Uint32Array, i: number): number {
  const count = counts[i] ?? 0;
  counts[i] = count + 1;
  return count;
}
