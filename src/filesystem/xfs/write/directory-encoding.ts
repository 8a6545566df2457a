/** A directory as bytes: inside its inode, or in blocks. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import { DA_MAGIC } from "../format/da-block.ts";
import {
  BEST_FREE,
  BEST_FREE_OFFSET,
  BEST_SIZE,
  BLOCK_TAIL,
  BLOCK_TAIL_SIZE,
  DATA_ALIGN,
  DATA_ENTRIES_OFFSET,
  DATA_ENTRY,
  DATA_ENTRY_HEADER,
  DATA_TAG_SIZE,
  DATA_UNUSED,
  DIRECTORY_BLOCK,
  DIRECTORY_FREE_BLOCK,
  DIRECTORY_LEAF,
  DIRECTORY_LEAF_BLOCK,
  DIRECTORY_MAGIC,
  FILE_TYPE,
  FREE_BESTS,
  FREE_BESTS_OFFSET,
  FREE_INDEX,
  LEAF_ENTRIES_OFFSET,
  LEAF_ENTRY,
  LEAF_ENTRY_SIZE,
  LEAF_TAIL,
  LEAF_TAIL_SIZE,
  SHORT_DIRECTORY,
  SHORT_DIRECTORY_PARENT,
  SHORT_ENTRY,
  SHORT_ENTRY_HEADER,
  XFS_DIR2_DATA_FREE_TAG,
} from "../format/directory.ts";
import { nameHash } from "../format/name-hash.ts";
import { encodeDaHeader, encodeDaNode, placeAt } from "./da-tree.ts";
import {
  type DirectoryIndex,
  type DirectoryLayout,
  DOT_NAMES,
  dataEntrySize,
  entryName,
  entryNameLength,
  SHORT_NUMBER_SIZE,
} from "./directory-layout.ts";
import { type Owner, sealDaBlock, sealDirectoryBlock } from "./owner.ts";
import { partStart } from "./tree-shape.ts";

const DOT = 0x2e;

/** A directory with what its bytes say beyond its layout. */
export interface DirectoryContext {
  readonly layout: DirectoryLayout;
  readonly owner: Owner;
  /** Number of the directory above. */
  readonly parent: number;
  /** Number and type of an inode of the tree: asked for one by one, so that nothing is made for each of a million. */
  numberAt(index: number): number;
  typeAt(index: number): keyof typeof FILE_TYPE;
}

/** Writes the form inside the inode and returns its bytes. */
export function encodeShortDirectory(directory: DirectoryContext, fork: Uint8Array): number {
  const { entries, children } = directory.layout;
  const view = viewOf(fork);
  SHORT_DIRECTORY.count.put(view, 0, entries.length);
  view.setUint32(SHORT_DIRECTORY_PARENT, directory.parent);
  let at = SHORT_DIRECTORY_PARENT + SHORT_NUMBER_SIZE;
  // Where the entry would lie in a block: the kernel makes that of it by these.
  let offset = DATA_ENTRIES_OFFSET + DOT_NAMES.reduce((sum, name) => sum + dataEntrySize(name.length), 0);
  for (let i = 0; i < entries.length; i++) {
    const child = children[i] ?? 0;
    const length = entries.nameLength(i);
    SHORT_ENTRY.namelen.put(view, at, length);
    SHORT_ENTRY.offset.put(view, at, offset);
    entries.copyName(i, fork, at + SHORT_ENTRY_HEADER);
    at += SHORT_ENTRY_HEADER + length;
    view.setUint8(at, FILE_TYPE[directory.typeAt(child)]);
    view.setUint32(at + 1, directory.numberAt(child));
    at += 1 + SHORT_NUMBER_SIZE;
    offset += dataEntrySize(length);
  }
  return at;
}

/** Writes the directory's block `logical`, which lies at `block`, into a block of zeros. */
export function encodeDirectoryBlock(
  directory: DirectoryContext,
  logical: number,
  block: number,
  bytes: Uint8Array,
): void {
  const index = directory.layout.blocks?.index;
  if (index === undefined) encodeOneBlock(directory, block, bytes);
  else if (logical < DIRECTORY_LEAF_BLOCK) encodeDataBlock(directory, index, logical, block, bytes);
  else if (logical < DIRECTORY_FREE_BLOCK) {
    encodeHashBlock(index, logical - DIRECTORY_LEAF_BLOCK, bytes);
    sealDaBlock(bytes, block, directory.owner);
  } else {
    encodeFreeIndex(index, logical - DIRECTORY_FREE_BLOCK, bytes);
    sealDirectoryBlock(bytes, block, directory.owner);
  }
}

/** Everything in one block: entries from its beginning, leaf entries before its end, what is free between them. */
function encodeOneBlock(directory: DirectoryContext, block: number, bytes: Uint8Array): void {
  const { entries } = directory.layout;
  const view = viewOf(bytes);
  DIRECTORY_BLOCK.magic.put(view, 0, DIRECTORY_MAGIC.block);
  const room = { bytes, view };
  const leaves: { readonly hash: number; readonly address: number }[] = [];
  let at = DATA_ENTRIES_OFFSET;
  for (let entry = 0; entry < entries.length + DOT_NAMES.length; entry++) {
    leaves.push({ hash: nameHash(entryName(entries, entry)), address: at / DATA_ALIGN });
    at = putEntry(directory, entry, room, at);
  }
  const leavesAt = BLOCK_SIZE - BLOCK_TAIL_SIZE - leaves.length * LEAF_ENTRY_SIZE;
  putFreeRun(view, at, leavesAt - at);
  leaves.sort((a, b) => a.hash - b.hash || a.address - b.address);
  for (const [i, { hash, address }] of leaves.entries()) putLeaf(view, leavesAt, i, hash, address);
  BLOCK_TAIL.count.put(view, BLOCK_SIZE - BLOCK_TAIL_SIZE, leaves.length);
  sealDirectoryBlock(bytes, block, directory.owner);
}

function encodeDataBlock(
  directory: DirectoryContext,
  { dataStarts }: DirectoryIndex,
  logical: number,
  block: number,
  bytes: Uint8Array,
): void {
  const view = viewOf(bytes);
  const room = { bytes, view };
  DIRECTORY_BLOCK.magic.put(view, 0, DIRECTORY_MAGIC.data);
  let at = DATA_ENTRIES_OFFSET;
  const end = dataStarts[logical + 1] ?? 0;
  for (let entry = dataStarts[logical] ?? 0; entry < end; entry++) {
    at = putEntry(directory, entry, room, at);
  }
  putFreeRun(view, at, BLOCK_SIZE - at);
  sealDirectoryBlock(bytes, block, directory.owner);
}

/** A block that is written to. */
interface BlockRoom {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Writes an entry and returns where the next one begins. */
function putEntry(
  directory: DirectoryContext,
  entry: number,
  { bytes, view }: BlockRoom,
  at: number,
): number {
  const { entries } = directory.layout;
  const length = entryNameLength(entries, entry);
  const nameAt = at + DATA_ENTRY_HEADER;
  DATA_ENTRY.inumber.put(view, at, numberOf(directory, entry));
  DATA_ENTRY.namelen.put(view, at, length);
  if (entry < DOT_NAMES.length) bytes.fill(DOT, nameAt, nameAt + length);
  else entries.copyName(entry - DOT_NAMES.length, bytes, nameAt);
  view.setUint8(nameAt + length, FILE_TYPE[typeOf(directory, entry)]);
  const next = at + dataEntrySize(length);
  view.setUint16(next - DATA_TAG_SIZE, at);
  return next;
}

function numberOf(directory: DirectoryContext, entry: number): number {
  if (entry < DOT_NAMES.length) return entry === 0 ? directory.owner.number : directory.parent;
  return directory.numberAt(directory.layout.children[entry - DOT_NAMES.length] ?? 0);
}

function typeOf(directory: DirectoryContext, entry: number): keyof typeof FILE_TYPE {
  if (entry < DOT_NAMES.length) return "directory";
  return directory.typeAt(directory.layout.children[entry - DOT_NAMES.length] ?? 0);
}

function putFreeRun(view: DataView, at: number, length: number): void {
  if (length === 0) return;
  DATA_UNUSED.freetag.put(view, at, XFS_DIR2_DATA_FREE_TAG);
  DATA_UNUSED.length.put(view, at, length);
  view.setUint16(at + length - DATA_TAG_SIZE, at);
  BEST_FREE.offset.put(view, BEST_FREE_OFFSET, at);
  BEST_FREE.length.put(view, BEST_FREE_OFFSET, length);
}

function putLeaf(view: DataView, at: number, i: number, hash: number, address: number): void {
  LEAF_ENTRY.hashval.put(view, at + i * LEAF_ENTRY_SIZE, hash);
  LEAF_ENTRY.address.put(view, at + i * LEAF_ENTRY_SIZE, address);
}

/** Writes a leaf or a node. */
function encodeHashBlock(index: DirectoryIndex, offset: number, bytes: Uint8Array): void {
  const { leaves: tree, order, hashes } = index;
  const place = placeAt(tree, offset);
  const leafEnd = (leaf: number): number => partStart(order.length, tree.leaves, leaf + 1);
  if (place.level > 0) {
    const lastHash = (leaf: number): number => hashes[order[leafEnd(leaf) - 1] ?? 0] ?? 0;
    encodeDaNode(tree, place, DIRECTORY_LEAF_BLOCK, lastHash, bytes);
    return;
  }
  const isOnly = index.freeBlocks === 0;
  const magic = isOnly ? DA_MAGIC.dirLeaf1 : DA_MAGIC.dirLeafN;
  encodeDaHeader(tree, place, DIRECTORY_LEAF_BLOCK, magic, bytes);
  const first = leafEnd(place.place - 1);
  const end = leafEnd(place.place);
  const view = viewOf(bytes);
  DIRECTORY_LEAF.count.put(view, 0, end - first);
  for (let i = first; i < end; i++) {
    const entry = order[i] ?? 0;
    putLeaf(view, LEAF_ENTRIES_OFFSET, i - first, hashes[entry] ?? 0, index.addresses[entry] ?? 0);
  }
  if (isOnly) putLeafTail(view, index.free);
}

function putLeafTail(view: DataView, free: readonly number[]): void {
  const tail = BLOCK_SIZE - LEAF_TAIL_SIZE;
  LEAF_TAIL.bestcount.put(view, tail, free.length);
  putBests(view, tail - free.length * BEST_SIZE, free);
}

function putBests(view: DataView, at: number, free: readonly number[]): void {
  for (const [i, bytes] of free.entries()) view.setUint16(at + i * BEST_SIZE, bytes);
}

function encodeFreeIndex({ free }: DirectoryIndex, place: number, bytes: Uint8Array): void {
  const view = viewOf(bytes);
  const first = place * FREE_BESTS;
  const bests = free.slice(first, first + FREE_BESTS);
  DIRECTORY_BLOCK.magic.put(view, 0, DIRECTORY_MAGIC.free);
  FREE_INDEX.firstdb.put(view, 0, first);
  FREE_INDEX.nvalid.put(view, 0, bests.length);
  FREE_INDEX.nused.put(view, 0, bests.length);
  putBests(view, FREE_BESTS_OFFSET, bests);
}
