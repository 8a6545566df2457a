/** A directory's blocks as bytes. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import { crc } from "../format/checksum.ts";
import {
  DIRECTORY_ENTRY,
  DIRECTORY_ENTRY_HEADER,
  DIRECTORY_TAIL,
  DIRECTORY_TAIL_SIZE,
  DX_COUNT_LIMIT,
  DX_ENTRY,
  DX_ENTRY_SIZE,
  DX_HASH_HALF_MD4,
  DX_NODE,
  DX_ROOT,
  DX_ROOT_INFO,
  DX_ROOT_INFO_OFFSET,
  DX_ROOT_INFO_SIZE,
  DX_TAIL,
  DX_TAIL_SIZE,
  EXT4_FT_DIR_CSUM,
  FILE_TYPE,
} from "../format/directory.ts";
import { type DirectoryIndex, type DirectoryLayout, entrySize } from "./directory-layout.ts";
import { inodeNumber, type PlannedInodes } from "./planned-inode.ts";

const DOT = 0x2e;

/** A directory with what its blocks say beyond its layout. */
export interface DirectoryContext {
  readonly layout: DirectoryLayout;
  readonly inodes: PlannedInodes;
  /** Numbers of the directory and of the one above it. */
  readonly number: number;
  readonly parent: number;
  /** What the checksums of the directory's blocks begin with, if they have any. */
  readonly seed: number | undefined;
}

/** Writes block `logical` of the directory into a block of zeros. */
export function encodeDirectoryBlock(directory: DirectoryContext, logical: number, block: Uint8Array): void {
  const { layout } = directory;
  if (layout.index === undefined) encodeLinear(directory, logical, block);
  else if (logical === 0) encodeIndexRoot(directory, layout.index, block);
  else if (logical <= layout.index.nodes) encodeIndexNode(directory, layout.index, logical - 1, block);
  else encodeLeaf(directory, layout.index, logical - 1 - layout.index.nodes, block);
}

/** All entries in block 0, by name; any further block is an empty one. */
function encodeLinear(directory: DirectoryContext, logical: number, block: Uint8Array): void {
  const writer = new EntryWriter(block, directory.layout.room.entries);
  if (logical === 0) {
    writer.addDots(1, directory.number);
    writer.addDots(2, directory.parent);
    for (let i = 0; i < directory.layout.entries.length; i++) addEntry(writer, directory, i);
  }
  writer.end();
  encodeTail(directory, block);
}

function encodeLeaf(
  directory: DirectoryContext,
  index: DirectoryIndex,
  leaf: number,
  block: Uint8Array,
): void {
  const writer = new EntryWriter(block, directory.layout.room.entries);
  const end = index.leafStarts[leaf + 1] ?? 0;
  for (let at = index.leafStarts[leaf] ?? 0; at < end; at++)
    addEntry(writer, directory, index.order[at] ?? 0);
  writer.end();
  encodeTail(directory, block);
}

function addEntry(writer: EntryWriter, { layout, inodes }: DirectoryContext, i: number): void {
  const child = layout.children[i] ?? 0;
  const type = FILE_TYPE[inodes.node(child)?.type ?? "file"];
  const nameAt = writer.add(layout.entries.nameLength(i), inodeNumber(child), type);
  layout.entries.copyName(i, writer.block, nameAt);
}

/** Writes entries one after the other; the last one reaches to the end of the room. */
class EntryWriter {
  readonly block: Uint8Array;
  readonly #view: DataView;
  readonly #room: number;
  #at = 0;
  #last = 0;

  constructor(block: Uint8Array, room: number) {
    this.block = block;
    this.#view = viewOf(block);
    this.#room = room;
  }

  /** Returns where the name goes. */
  add(nameLength: number, inode: number, type: number): number {
    const at = this.#at;
    const size = entrySize(nameLength);
    DIRECTORY_ENTRY.inode.put(this.#view, at, inode);
    DIRECTORY_ENTRY.rec_len.put(this.#view, at, size);
    DIRECTORY_ENTRY.name_len.put(this.#view, at, nameLength);
    DIRECTORY_ENTRY.file_type.put(this.#view, at, type);
    this.#last = at;
    this.#at = at + size;
    return at + DIRECTORY_ENTRY_HEADER;
  }

  /** "." or "..". */
  addDots(count: number, inode: number): void {
    const nameAt = this.add(count, inode, FILE_TYPE.directory);
    this.block.fill(DOT, nameAt, nameAt + count);
  }

  /** Without any entry, the room is one unused entry. */
  end(): void {
    DIRECTORY_ENTRY.rec_len.put(this.#view, this.#last, this.#room - this.#last);
  }
}

function encodeTail(directory: DirectoryContext, block: Uint8Array): void {
  if (directory.seed === undefined) return;
  const view = viewOf(block);
  const at = directory.layout.room.entries;
  DIRECTORY_TAIL.det_rec_len.put(view, at, DIRECTORY_TAIL_SIZE);
  DIRECTORY_TAIL.det_reserved_ft.put(view, at, EXT4_FT_DIR_CSUM);
  DIRECTORY_TAIL.det_checksum.put(view, at, crc(directory.seed, block.subarray(0, at)));
}

function encodeIndexRoot(directory: DirectoryContext, index: DirectoryIndex, block: Uint8Array): void {
  const writer = new EntryWriter(block, BLOCK_SIZE);
  writer.addDots(1, directory.number);
  writer.addDots(2, directory.parent);
  writer.end();
  const view = viewOf(block);
  DX_ROOT_INFO.hash_version.put(view, DX_ROOT_INFO_OFFSET, DX_HASH_HALF_MD4);
  DX_ROOT_INFO.info_length.put(view, DX_ROOT_INFO_OFFSET, DX_ROOT_INFO_SIZE);
  DX_ROOT_INFO.indirect_levels.put(view, DX_ROOT_INFO_OFFSET, index.nodes === 0 ? 0 : 1);
  const children = index.nodes === 0 ? index.leafHashes.length : index.nodes;
  const { rootLimit, nodeLimit } = directory.layout.room;
  const leavesEach = index.nodes === 0 ? 1 : nodeLimit;
  const place = { offset: DX_ROOT.offset, limit: rootLimit };
  encodeIndexEntries(directory, block, place, children, (i) => index.leafHashes[i * leavesEach] ?? 0, 1);
}

function encodeIndexNode(
  directory: DirectoryContext,
  index: DirectoryIndex,
  node: number,
  block: Uint8Array,
): void {
  DIRECTORY_ENTRY.rec_len.put(viewOf(block), 0, BLOCK_SIZE);
  const { nodeLimit } = directory.layout.room;
  const first = node * nodeLimit;
  const count = Math.min(nodeLimit, index.leafHashes.length - first);
  const firstBlock = 1 + index.nodes + first;
  const place = { offset: DX_NODE.offset, limit: nodeLimit };
  encodeIndexEntries(directory, block, place, count, (i) => index.leafHashes[first + i] ?? 0, firstBlock);
}

/** Writes the dx_entries of `count` consecutive blocks from `firstBlock`, and any checksum after the last possible. */
function encodeIndexEntries(
  directory: DirectoryContext,
  block: Uint8Array,
  { offset, limit }: { readonly offset: number; readonly limit: number },
  count: number,
  hashOf: (i: number) => number,
  firstBlock: number,
): void {
  const view = viewOf(block);
  for (let i = 0; i < count; i++) {
    const at = offset + i * DX_ENTRY_SIZE;
    if (i > 0) DX_ENTRY.hash.put(view, at, hashOf(i));
    DX_ENTRY.block.put(view, at, firstBlock + i);
  }
  DX_COUNT_LIMIT.limit.put(view, offset, limit);
  DX_COUNT_LIMIT.count.put(view, offset, count);
  if (directory.seed === undefined) return;
  // Entries past the count are not covered, and the tail counts as it is before its checksum (ext4_dx_csum).
  const covered = crc(directory.seed, block.subarray(0, offset + count * DX_ENTRY_SIZE));
  DX_TAIL.dt_checksum.put(view, offset + limit * DX_ENTRY_SIZE, crc(covered, EMPTY_TAIL));
}

const EMPTY_TAIL = new Uint8Array(DX_TAIL_SIZE);
