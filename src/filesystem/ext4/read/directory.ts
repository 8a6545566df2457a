/** Entries of directories. Indexed ones are read like the others: their index hides in entries that are unused. */

import { viewOf } from "../../../blocks/field.ts";
import type { Paused } from "../../../waiting/steps.ts";
import { type FileType, inodeName } from "../../reading/filesystem.ts";
import { crc } from "../format/checksum.ts";
import {
  DIRECTORY_ENTRY,
  DIRECTORY_ENTRY_HEADER,
  DIRECTORY_TAIL,
  DIRECTORY_TAIL_SIZE,
  EXT4_FT_DIR_CSUM,
  FILE_TYPE,
} from "../format/directory.ts";
import { I_BLOCK_SIZE } from "../format/inode.ts";
import { broken } from "./broken.ts";
import { type FileInode, hasFlag } from "./inode.ts";
import { mappedRuns, maximumSize } from "./mapping.ts";
import { seedOfInode } from "./superblock.ts";
import type { Volume } from "./volume.ts";
import { inlineDataRest } from "./xattr-entries.ts";

/** A name in a directory. */
export interface DirectoryEntry {
  /** Bytes, one character each; raw where they are encrypted. */
  readonly name: string;
  readonly inode: number;
  /** Undefined where the filesystem keeps no types in directories. */
  readonly type: FileType | undefined;
}

const TYPES = new Map(Object.entries(FILE_TYPE).map(([type, code]) => [code as number, type as FileType]));
/** An unused entry has room for a name as well (ext4_dir_rec_len of one byte). */
export const SHORTEST_ENTRY = 12;
/** Inline directories begin with the number of the parent; "." and ".." have no entries. */
const INLINE_PARENT_SIZE = 4;

/** The entries in on-disk order, without "." and "..". Throws E_INVALID_FILESYSTEM at the first that is broken. */
export function* directoryEntries(volume: Volume, inode: FileInode): Paused<DirectoryEntry> {
  for (const block of directoryBlocks(volume, inode)) {
    yield;
    if (block === undefined) continue;
    const entry = new EntryCursor(volume, block.bytes, block.where);
    while (entry.next()) {
      if (entry.inode === 0) continue;
      const { name } = entry;
      if (name !== "." && name !== "..") yield { name, inode: entry.inode, type: TYPES.get(entry.fileType) };
    }
  }
}

/** A block of a directory, or a part of an inline one. */
interface DirectoryBlock {
  readonly bytes: Uint8Array;
  readonly where: string;
}

function* directoryBlocks(volume: Volume, inode: FileInode): Paused<DirectoryBlock> {
  const where = inodeName(inode.number);
  if (hasFlag(inode, "inline")) {
    for (const bytes of inlineParts(inode)) yield { bytes, where };
    return;
  }
  const seed = seedOfInode(volume.superblock.seed, inode.number, inode.fields.i_generation);
  const end = blocksBySize(volume, inode);
  for (const run of mappedRuns(volume, inode, { end })) {
    if (run === undefined) {
      yield;
      continue;
    }
    for (let i = 0; i < run.length && run.logical + i < end; i++) {
      const here = `${where}, directory block ${run.logical + i}`;
      const bytes = volume.block(run.physical + i, here);
      const isIndex = hasFlag(inode, "indexed") && (run.logical + i === 0 || isIndexNode(volume, bytes));
      if (volume.has("metadata_csum") && !isIndex) checkLeaf(bytes, seed, here);
      yield { bytes, where: here };
    }
  }
}

/** What a kernel reads no further than. Throws E_INVALID_FILESYSTEM for a size that no directory has. */
function blocksBySize(volume: Volume, inode: FileInode): number {
  const blocks = inode.size / volume.superblock.blockSize;
  if (blocks > 0 && Number.isInteger(blocks) && inode.size <= maximumSize(volume, inode)) return blocks;
  throw broken(inodeName(inode.number), `its size is ${inode.size}, which no directory has`);
}

/** The two regions of entries of an inline directory: each is a list of its own. */
export function inlineParts(inode: FileInode): Uint8Array[] {
  const rest = inlineDataRest(inode);
  const first = inode.fields.i_block.subarray(INLINE_PARENT_SIZE, I_BLOCK_SIZE);
  return rest === undefined || rest.length === 0 ? [first] : [first, rest];
}

/** A block of an index below its root is one unused entry to whoever does not know of indexes. */
export function isIndexNode(volume: Volume, bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  const size = recordLength(DIRECTORY_ENTRY.rec_len.get(view, 0), volume.superblock.blockSize);
  return DIRECTORY_ENTRY.inode.get(view, 0) === 0 && size === bytes.length;
}

/** Checks a block of entries; the checksums of an index are left to `verify`. */
function checkLeaf(bytes: Uint8Array, seed: number, where: string): void {
  const tail = leafChecksum(bytes);
  if (tail !== crc(seed, bytes.subarray(0, bytes.length - DIRECTORY_TAIL_SIZE))) {
    throw broken(where, tail === undefined ? "it has no checksum" : "its checksum is wrong");
  }
}

/** The checksum in the block's tail, or undefined if there is no tail. */
export function leafChecksum(bytes: Uint8Array): number | undefined {
  const view = viewOf(bytes);
  const at = bytes.length - DIRECTORY_TAIL_SIZE;
  const isTail =
    DIRECTORY_TAIL.det_reserved_zero1.get(view, at) === 0 &&
    DIRECTORY_TAIL.det_rec_len.get(view, at) === DIRECTORY_TAIL_SIZE &&
    DIRECTORY_TAIL.det_reserved_zero2.get(view, at) === 0 &&
    DIRECTORY_TAIL.det_reserved_ft.get(view, at) === EXT4_FT_DIR_CSUM;
  return isTail ? DIRECTORY_TAIL.det_checksum.get(view, at) : undefined;
}

/**
 * Goes over all entries of a block, unused ones (inode 0) and "." and ".." too, one after the other up to its end. It is
 * itself the entry that it has come to, since there are millions of them.
 */
export class EntryCursor {
  /** Where the entry begins in the block, and how many bytes it takes. */
  at = 0;
  size = 0;
  inode = 0;
  /** The byte itself. */
  fileType = 0;
  #nameLength = 0;
  readonly #blockSize: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #where: string;

  constructor({ superblock }: Volume, bytes: Uint8Array, where: string) {
    this.#blockSize = superblock.blockSize;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = viewOf(bytes);
    this.#where = where;
  }

  /** Bytes, one character each. */
  get name(): string {
    const from = this.at + DIRECTORY_ENTRY_HEADER;
    return this.#bytes.toString("latin1", from, from + this.#nameLength);
  }

  /** Whether what follows the name is zero, as it must be for "." and "..". */
  get isTerminated(): boolean {
    return this.#bytes[this.at + DIRECTORY_ENTRY_HEADER + this.#nameLength] === 0;
  }

  /** Goes to the next entry, at first to the first one; false at the end. Throws E_INVALID_FILESYSTEM. */
  next(): boolean {
    const at = this.at + this.size;
    const left = this.#bytes.length - at;
    if (left <= 0) return false;
    if (left < DIRECTORY_ENTRY_HEADER) throw broken(this.#where, `an entry at byte ${at} is cut short`);
    const size = recordLength(DIRECTORY_ENTRY.rec_len.get(this.#view, at), this.#blockSize);
    const nameLength = DIRECTORY_ENTRY.name_len.get(this.#view, at);
    const least = Math.max(DIRECTORY_ENTRY_HEADER + nameLength, SHORTEST_ENTRY);
    const isPossible = size % 4 === 0 && size <= left && least <= size;
    if (!isPossible) {
      throw broken(this.#where, `the entry at byte ${at} has impossible lengths (${size}, ${nameLength})`);
    }
    this.at = at;
    this.size = size;
    this.inode = DIRECTORY_ENTRY.inode.get(this.#view, at);
    this.fileType = DIRECTORY_ENTRY.file_type.get(this.#view, at);
    this.#nameLength = nameLength;
    return true;
  }
}

/** rec_len in bytes: with blocks of 64 KiB its two low bits stand for bits 16 and 17 (ext4_rec_len_from_disk). */
function recordLength(stored: number, blockSize: number): number {
  if (blockSize < 2 ** 16) return stored;
  if (stored === 0 || stored === 0xffff) return blockSize;
  return (stored & 0xfffc) + (stored & 3) * 2 ** 16;
}
