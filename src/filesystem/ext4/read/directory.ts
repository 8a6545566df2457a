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

/** An entry with its place in the block. */
export interface PlacedEntry {
  readonly at: number;
  readonly size: number;
  readonly inode: number;
  readonly name: string;
  /** The byte itself. */
  readonly fileType: number;
  /** Whether what follows the name is zero, as it must be for "." and "..". */
  readonly terminated: boolean;
}

const TYPES = new Map(Object.entries(FILE_TYPE).map(([type, code]) => [code as number, type as FileType]));
/** Inline directories begin with the number of the parent; "." and ".." have no entries. */
const INLINE_PARENT_SIZE = 4;

/** The entries in on-disk order, without "." and "..". Throws E_INVALID_FILESYSTEM at the first that is broken. */
export function* directoryEntries(volume: Volume, inode: FileInode): Paused<DirectoryEntry> {
  for (const block of directoryBlocks(volume, inode)) {
    yield;
    if (block === undefined) continue;
    for (const { name, inode: number, fileType } of entriesIn(volume, block.bytes, block.where)) {
      if (number === 0 || name === "." || name === "..") continue;
      yield { name, inode: number, type: TYPES.get(fileType) };
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
function isIndexNode(volume: Volume, bytes: Uint8Array): boolean {
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

/** All entries of a block, unused ones (inode 0) and "." and ".." too, one after the other up to its end. */
export function* entriesIn(volume: Volume, bytes: Uint8Array, where: string): Generator<PlacedEntry, void> {
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; ) {
    if (at + DIRECTORY_ENTRY_HEADER > bytes.length)
      throw broken(where, `an entry at byte ${at} is cut short`);
    const size = recordLength(DIRECTORY_ENTRY.rec_len.get(view, at), volume.superblock.blockSize);
    const inode = DIRECTORY_ENTRY.inode.get(view, at);
    const nameLength = DIRECTORY_ENTRY.name_len.get(view, at);
    const nameAt = at + DIRECTORY_ENTRY_HEADER;
    if (
      size < DIRECTORY_ENTRY_HEADER ||
      size % 4 !== 0 ||
      at + size > bytes.length ||
      nameAt + nameLength > at + size
    ) {
      throw broken(where, `the entry at byte ${at} has impossible lengths (${size}, ${nameLength})`);
    }
    const name = Buffer.from(bytes.subarray(nameAt, nameAt + nameLength)).toString("latin1");
    yield {
      at,
      size,
      inode,
      name,
      fileType: DIRECTORY_ENTRY.file_type.get(view, at),
      terminated: bytes[nameAt + nameLength] === 0,
    };
    at += size;
  }
}

/** rec_len in bytes: with blocks of 64 KiB its two low bits stand for bits 16 and 17 (ext4_rec_len_from_disk). */
function recordLength(stored: number, blockSize: number): number {
  if (blockSize < 2 ** 16) return stored;
  if (stored === 0 || stored === 0xffff) return blockSize;
  return (stored & 0xfffc) + (stored & 3) * 2 ** 16;
}
