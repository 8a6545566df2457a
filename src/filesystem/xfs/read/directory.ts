/** Entries of directories, in the inode or in blocks. What finds them by hash is not needed to list them. */

import { decode, viewOf } from "../../../blocks/field.ts";
import type { Paused } from "../../../waiting/steps.ts";
import { type DirectoryEntry, type FileType, inodeName } from "../../reading/filesystem.ts";
import {
  BLOCK_TAIL,
  BLOCK_TAIL_SIZE,
  DATA_ALIGN,
  DATA_ENTRIES_OFFSET,
  DATA_ENTRY,
  DATA_ENTRY_HEADER,
  DATA_TAG_SIZE,
  DATA_UNUSED,
  DIRECTORY_BLOCK,
  DIRECTORY_MAGIC,
  FILE_TYPE,
  LEAF_ENTRY_SIZE,
  SHORT_DIRECTORY,
  SHORT_DIRECTORY_PARENT,
  SHORT_ENTRY,
  SHORT_ENTRY_HEADER,
  XFS_DIR2_DATA_FREE_TAG,
} from "../format/directory.ts";
import { broken } from "./broken.ts";
import { forkBlocks } from "./fork-blocks.ts";
import type { XfsInode } from "./inode.ts";
import type { SelfDescription, Volume } from "./volume.ts";

const DATA_BLOCK: SelfDescription = {
  magic: { field: DIRECTORY_BLOCK.magic, values: [DIRECTORY_MAGIC.block, DIRECTORY_MAGIC.data] },
  crc: DIRECTORY_BLOCK.crc,
  owner: DIRECTORY_BLOCK.owner,
  blkno: DIRECTORY_BLOCK.blkno,
};
/** Byte of a directory that its leaves begin at (XFS_DIR2_LEAF_OFFSET). */
const LEAVES_OFFSET = 2 ** 35;
const TYPES = new Map(Object.entries(FILE_TYPE).map(([type, code]) => [code as number, type as FileType]));

/** The entries in on-disk order, without "." and "..". Throws E_INVALID_FILESYSTEM at the first that is broken. */
export function* directoryEntries(volume: Volume, inode: XfsInode): Paused<DirectoryEntry> {
  if (inode.data.format === "local") {
    yield* shortEntries(volume, inode);
    return;
  }
  for (const block of directoryBlocks(volume, inode)) {
    yield;
    if (block !== undefined) yield* entriesIn(volume, block.bytes, block.where);
  }
}

function* shortEntries(volume: Volume, { number, size, data }: XfsInode): Generator<DirectoryEntry> {
  const where = inodeName(number);
  const bytes = data.bytes.subarray(0, size);
  if (size > data.bytes.length || size < SHORT_DIRECTORY_PARENT) throw broken(where, noSize(size));
  const view = viewOf(bytes);
  const { count, i8count } = decode(SHORT_DIRECTORY, view, 0);
  const numberSize = i8count > 0 ? 8 : 4;
  const typeSize = volume.has("ftype") ? 1 : 0;
  let at = SHORT_DIRECTORY_PARENT + numberSize;
  for (let i = 0; i < count; i++) {
    const nameAt = at + SHORT_ENTRY_HEADER;
    const length = nameAt <= bytes.length ? SHORT_ENTRY.namelen.get(view, at) : 0;
    const numberAt = nameAt + length + typeSize;
    at = numberAt + numberSize;
    if (length === 0 || at > bytes.length) throw broken(where, `entry ${i} of the directory is cut short`);
    yield {
      name: Buffer.from(bytes.subarray(nameAt, nameAt + length)).toString("latin1"),
      inode: numberSize === 8 ? Number(view.getBigUint64(numberAt)) : view.getUint32(numberAt),
      type: typeSize === 0 ? undefined : TYPES.get(bytes[nameAt + length] ?? 0),
    };
  }
}

interface DirectoryBlock {
  readonly bytes: Uint8Array;
  readonly where: string;
}

/** The blocks of entries; one of a directory may be several of the filesystem, wherever those are. */
function* directoryBlocks(volume: Volume, inode: XfsInode): Paused<DirectoryBlock> {
  const { blockSize } = volume;
  const { directoryBlockSize } = volume.superblock;
  const { size, number } = inode;
  if (size === 0 || size % directoryBlockSize !== 0 || size > LEAVES_OFFSET) {
    throw broken(inodeName(number), noSize(size));
  }
  const perBlock = directoryBlockSize / blockSize;
  let first = 0;
  let parts: Uint8Array[] = [];
  for (const block of forkBlocks(volume, inode, inode.data, size / blockSize)) {
    if (block === undefined) {
      yield;
      continue;
    }
    const where = `${inodeName(number)}, directory block ${Math.floor(block.logical / perBlock)}`;
    if (block.logical % perBlock !== parts.length) throw broken(where, "a part of it is missing");
    if (parts.length === 0) first = block.fsblock;
    parts.push(volume.block(block.fsblock, where));
    if (parts.length < perBlock) continue;
    const bytes = perBlock === 1 ? parts[0] : Buffer.concat(parts);
    parts = [];
    if (bytes === undefined) continue;
    volume.check(bytes, DATA_BLOCK, first, number, where);
    yield { bytes, where };
  }
  if (parts.length > 0) throw broken(inodeName(number), "a part of its last directory block is missing");
}

function* entriesIn(volume: Volume, bytes: Uint8Array, where: string): Generator<DirectoryEntry> {
  const view = viewOf(bytes);
  const end = entriesEnd(bytes, where);
  for (let at = DATA_ENTRIES_OFFSET; at < end; ) {
    if (DATA_UNUSED.freetag.get(view, at) === XFS_DIR2_DATA_FREE_TAG) {
      const length = DATA_UNUSED.length.get(view, at);
      if (length === 0 || length % DATA_ALIGN !== 0)
        throw broken(where, `the gap at byte ${at} has no length`);
      at += length;
      continue;
    }
    const { entry, next } = entryAt(volume, bytes.subarray(0, end), at, where);
    if (entry.name !== "." && entry.name !== "..") yield entry;
    at = next;
  }
}

/** The entry at byte `at`, and where the next one begins. */
function entryAt(
  volume: Volume,
  bytes: Uint8Array,
  at: number,
  where: string,
): { entry: DirectoryEntry; next: number } {
  const nameAt = at + DATA_ENTRY_HEADER;
  const { inumber, namelen } =
    nameAt <= bytes.length ? decode(DATA_ENTRY, viewOf(bytes), at) : { inumber: 0, namelen: 0 };
  const typeSize = volume.has("ftype") ? 1 : 0;
  const used = DATA_ENTRY_HEADER + namelen + typeSize + DATA_TAG_SIZE;
  const next = at + Math.ceil(used / DATA_ALIGN) * DATA_ALIGN;
  if (namelen === 0 || next > bytes.length) throw broken(where, `the entry at byte ${at} is cut short`);
  const name = Buffer.from(bytes.subarray(nameAt, nameAt + namelen)).toString("latin1");
  const type = typeSize === 0 ? undefined : TYPES.get(bytes[nameAt + namelen] ?? 0);
  return { entry: { name, inode: inumber, type }, next };
}

/** In a directory of one block its leaf is at the end. */
function entriesEnd(bytes: Uint8Array, where: string): number {
  const view = viewOf(bytes);
  if (DIRECTORY_BLOCK.magic.get(view, 0) === DIRECTORY_MAGIC.data) return bytes.length;
  const tail = bytes.length - BLOCK_TAIL_SIZE;
  const end = tail - BLOCK_TAIL.count.get(view, tail) * LEAF_ENTRY_SIZE;
  if (end < DATA_ENTRIES_OFFSET) throw broken(where, "it has no room for its own leaf");
  return end;
}

function noSize(size: number): string {
  return `its size is ${size}, which no directory has`;
}
