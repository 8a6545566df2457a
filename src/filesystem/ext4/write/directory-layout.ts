/** How a directory's entries are spread over blocks: in one, or in leaves in order of hash below an index. */
import type { SortedEntries } from "../../../tree/sorted-entries.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { hashesOf, orderByHash } from "../../kind/hash-order.ts";
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

export interface DirectoryLayout {
  /** Without "." and "..". */
  readonly entries: SortedEntries;
  /** For each entry the index of its inode; filled in while the tree is walked. */
  readonly children: Int32Array;
  /** Blocks of the directory. */
  readonly blocks: number;
  readonly index: DirectoryIndex | undefined;
  readonly room: DirectoryRoom;
}

/** Block 0 is the root; then come the nodes, if there are any, then the leaves. */
export interface DirectoryIndex {
  /** Entries by hash. */
  readonly order: Uint32Array;
  /** For each leaf the place in `order` of its first entry; one more for the end. */
  readonly leafStarts: readonly number[];
  /** For each leaf the hash that the index has for it. */
  readonly leafHashes: readonly number[];
  /** Index blocks between the root and the leaves: 0 while the root has room for every leaf. */
  readonly nodes: number;
}

/** Bytes of an entry: header and name, rounded up to 4. */
export function entrySize(nameLength: number): number {
  return (DIRECTORY_ENTRY_HEADER + nameLength + 3) & ~3;
}

/** What a directory's layout follows besides its names. */
export interface DirectoryDemand {
  readonly hash: DirectoryHash;
  readonly room: DirectoryRoom;
  readonly minimumBlocks: number;
}

/** Lays out the entries. Throws E_FILESYSTEM_LIMIT if two levels of index do not reach all leaves. */
export function* layOutDirectory(
  entries: SortedEntries,
  { hash, room, minimumBlocks }: DirectoryDemand,
  path: () => string,
): Steps<DirectoryLayout> {
  let size = 2 * DOT_ENTRY_SIZE;
  for (let at = 0; at < entries.length; at++) size += entrySize(entries.nameLength(at));
  const children = new Int32Array(entries.length);
  if (size <= room.entries) return { entries, children, blocks: minimumBlocks, index: undefined, room };
  const index = yield* buildIndex(entries, hash, room);
  if (index.nodes > room.rootLimit) {
    throw limitError(
      path(),
      `a directory of ${entries.length} entries; an index of two levels does not hold so many`,
      "spread the files over several directories in the image",
    );
  }
  return { entries, children, blocks: 1 + index.nodes + index.leafHashes.length, index, room };
}

function* buildIndex(
  entries: SortedEntries,
  hash: DirectoryHash,
  { entries: leafRoom, rootLimit, nodeLimit }: DirectoryRoom,
): Steps<DirectoryIndex> {
  const fill = Math.floor(leafRoom * LEAF_FILL);
  const hashes = yield* hashesOf(entries.length, (i) => hash(entries.name(i)));
  const order = orderByHash(hashes);
  const leafStarts: number[] = [];
  const leafHashes: number[] = [];
  let room = 0;
  let previous = -1;
  for (let at = 0; at < order.length; at++) {
    const entry = order[at] ?? 0;
    const size = entrySize(entries.nameLength(entry));
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
