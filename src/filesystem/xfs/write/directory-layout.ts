/** How a directory's entries are spread over blocks: all in one, or in blocks of entries that leaves name by hash. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import type { SortedEntries } from "../../../tree/sorted-entries.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { hashesOf, orderByHash } from "../../kind/hash-order.ts";
import {
  BEST_SIZE,
  BLOCK_TAIL_SIZE,
  DATA_ALIGN,
  DATA_ENTRIES_OFFSET,
  DATA_ENTRY_HEADER,
  DATA_ENTRY_TAIL,
  DIRECTORY_FREE_BLOCK,
  DIRECTORY_LEAF_BLOCK,
  FREE_BESTS,
  LEAF_ENTRIES,
  LEAF_ENTRIES_OFFSET,
  LEAF_ENTRY_SIZE,
  LEAF_TAIL_SIZE,
  SHORT_DIRECTORY_PARENT,
  SHORT_ENTRY_HEADER,
} from "../format/directory.ts";
import { nameHash } from "../format/name-hash.ts";
import { type DaTree, daBlocks, daTree } from "./da-tree.ts";

/** A fifth of each leaf stays free: else the first new names would split every one of them. */
const LEAF_FILL = Math.floor(LEAF_ENTRIES * 0.8);
/** Bytes of a number inside an inode: none needs more (`INODE_SPACE_BLOCKS`). */
export const SHORT_NUMBER_SIZE = 4;
/** Entries of every directory that is not inside its inode, before all others. */
export const DOT_NAMES: readonly string[] = [".", ".."];

export interface DirectoryLayout {
  /** Without "." and "..". */
  readonly entries: SortedEntries;
  /** For each entry the index of its inode; filled in while the tree is walked. */
  readonly children: Int32Array;
  /** Absent where all lies inside the inode. */
  readonly blocks: DirectoryBlocks | undefined;
}

export interface DirectoryBlocks {
  /** Blocks of entries. */
  readonly data: number;
  /** Absent where one block holds all. */
  readonly index: DirectoryIndex | undefined;
}

/** Entries are "." and ".." and then the others: entry `i` from 2 on is `i - 2` of these. */
export interface DirectoryIndex {
  /** For each block of entries its first entry; one more for the end. */
  readonly dataStarts: readonly number[];
  /** For each block of entries the bytes that are free at its end. */
  readonly free: readonly number[];
  /** For each entry the hash of its name, and where it lies in units of 8 bytes. */
  readonly hashes: Uint32Array;
  readonly addresses: Uint32Array;
  /** Entries by hash. */
  readonly order: Uint32Array;
  readonly leaves: DaTree;
  /** Blocks of the free index; 0 where the one leaf has what it would say. */
  readonly freeBlocks: number;
}

/** Bytes of an entry in a block. */
export function dataEntrySize(nameLength: number): number {
  return Math.ceil((DATA_ENTRY_HEADER + nameLength + DATA_ENTRY_TAIL) / DATA_ALIGN) * DATA_ALIGN;
}

/** Bytes of the whole inside the inode; stops counting where no inode could hold it. */
export function shortDirectoryBytes(entries: SortedEntries, most: number): number {
  let bytes = SHORT_DIRECTORY_PARENT + SHORT_NUMBER_SIZE;
  for (let at = 0; at < entries.length; at++) {
    bytes += SHORT_ENTRY_HEADER + entries.nameLength(at) + 1 + SHORT_NUMBER_SIZE;
    if (bytes > most) return Number.POSITIVE_INFINITY;
  }
  return bytes;
}

/** The name of entry `i`: "." and "..", then the others. */
export function entryName(entries: SortedEntries, i: number): string {
  return DOT_NAMES[i] ?? entries.name(i - DOT_NAMES.length);
}

/** Bytes of the name of entry `i`. */
export function entryNameLength(entries: SortedEntries, i: number): number {
  return DOT_NAMES[i]?.length ?? entries.nameLength(i - DOT_NAMES.length);
}

/** The blocks for a directory. */
export function* layOutBlocks(named: SortedEntries): Steps<DirectoryBlocks> {
  const entries = named.length + DOT_NAMES.length;
  let bytes = DATA_ENTRIES_OFFSET + entries * LEAF_ENTRY_SIZE + BLOCK_TAIL_SIZE;
  for (let i = 0; i < entries; i++) bytes += dataEntrySize(entryNameLength(named, i));
  if (bytes <= BLOCK_SIZE) return { data: 1, index: undefined };
  const { dataStarts, free, addresses } = spread(named, entries);
  const data = free.length;
  const hashes = yield* hashesOf(entries, (i) => nameHash(entryName(named, i)));
  const order = orderByHash(hashes);
  const oneLeaf = LEAF_ENTRIES_OFFSET + entries * LEAF_ENTRY_SIZE + data * BEST_SIZE + LEAF_TAIL_SIZE;
  const leaves = entries <= LEAF_ENTRIES ? 1 : Math.ceil(entries / LEAF_FILL);
  const freeBlocks = oneLeaf <= BLOCK_SIZE ? 0 : Math.ceil(data / FREE_BESTS);
  const index = { dataStarts, free, hashes, addresses, order, leaves: daTree(leaves), freeBlocks };
  return { data, index };
}

/** Blocks of entries filled one after the other. */
function spread(
  named: SortedEntries,
  entries: number,
): Pick<DirectoryIndex, "dataStarts" | "free" | "addresses"> {
  const dataStarts = [0];
  const free: number[] = [];
  const addresses = new Uint32Array(entries);
  let at = DATA_ENTRIES_OFFSET;
  for (let i = 0; i < entries; i++) {
    const size = dataEntrySize(entryNameLength(named, i));
    if (at + size > BLOCK_SIZE) {
      free.push(BLOCK_SIZE - at);
      dataStarts.push(i);
      at = DATA_ENTRIES_OFFSET;
    }
    addresses[i] = (free.length * BLOCK_SIZE + at) / DATA_ALIGN;
    at += size;
  }
  free.push(BLOCK_SIZE - at);
  dataStarts.push(entries);
  return { dataStarts, free, addresses };
}

/** Blocks of a file in a row, from its block `logical`. */
export interface LogicalRun {
  readonly logical: number;
  readonly length: number;
}

/** The directory's blocks in all its parts. */
export function directoryRuns({ data, index }: DirectoryBlocks): readonly LogicalRun[] {
  const runs = [{ logical: 0, length: data }];
  if (index === undefined) return runs;
  runs.push({ logical: DIRECTORY_LEAF_BLOCK, length: daBlocks(index.leaves) });
  if (index.freeBlocks > 0) runs.push({ logical: DIRECTORY_FREE_BLOCK, length: index.freeBlocks });
  return runs;
}
