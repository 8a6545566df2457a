/** Entries of directories. */

import { decode, viewOf } from "../../../blocks/field.ts";
import type { Paused } from "../../../waiting/steps.ts";
import { type DirectoryEntry, type FileType, inodeName } from "../../reading/filesystem.ts";
import { DIRENT, DIRENT_SIZE, EROFS_NAME_LEN, FILE_TYPE } from "../format/directory.ts";
import { broken } from "./broken.ts";
import { readContents } from "./contents.ts";
import type { ErofsInode } from "./inode.ts";
import type { Volume } from "./volume.ts";

const TYPES = new Map(Object.entries(FILE_TYPE).map(([type, code]) => [code as number, type as FileType]));

/** An entry as it is on disk, "." and ".." too. */
export interface PlacedEntry {
  readonly name: string;
  readonly nid: number;
  /** The byte itself. */
  readonly fileType: number;
  /** The block that it is in. */
  readonly where: string;
}

/** The entries in on-disk order, without "." and "..". Throws E_INVALID_FILESYSTEM at the first that is broken. */
export function* directoryEntries(volume: Volume, inode: ErofsInode): Paused<DirectoryEntry> {
  for (const entry of placedEntries(volume, inode)) {
    if (entry === undefined) {
      yield;
      continue;
    }
    const { name, nid, fileType } = entry;
    if (name !== "." && name !== "..") yield { name, inode: nid, type: TYPES.get(fileType) };
  }
}

export function* placedEntries(volume: Volume, inode: ErofsInode): Paused<PlacedEntry> {
  let number = 0;
  for (const block of directoryBlocks(volume, inode)) {
    yield;
    if (block === undefined) continue;
    yield* entriesIn(block, `${inodeName(inode.number)}, directory block ${number}`);
    number++;
  }
}

/** The contents block by block; the last may be shorter. */
function* directoryBlocks(volume: Volume, inode: ErofsInode): Paused<Uint8Array> {
  const { blockSize } = volume;
  let waiting = new Uint8Array(0);
  let at = 0;
  for (const piece of readContents(volume, inode)) {
    if (piece === undefined) {
      yield;
      continue;
    }
    if (piece.offset !== at) throw broken(inodeName(inode.number), "the directory has a hole");
    at += piece.bytes.length;
    const bytes = waiting.length === 0 ? piece.bytes : Buffer.concat([waiting, piece.bytes]);
    const whole = bytes.length - (bytes.length % blockSize);
    for (let from = 0; from < whole; from += blockSize) yield bytes.subarray(from, from + blockSize);
    waiting = new Uint8Array(bytes.subarray(whole));
  }
  if (at !== inode.size) throw broken(inodeName(inode.number), "the directory has a hole");
  if (waiting.length > 0) yield waiting;
}

/** The first entry's name follows the last entry, so where that begins tells how many there are. */
function* entriesIn(block: Uint8Array, where: string): Generator<PlacedEntry, void> {
  const view = viewOf(block);
  const first = block.length < DIRENT_SIZE ? 0 : DIRENT.nameoff.get(view, 0);
  if (first === 0 || first % DIRENT_SIZE !== 0 || first > block.length) {
    throw broken(where, "it does not begin with entries");
  }
  for (let at = 0; at < first; at += DIRENT_SIZE) {
    const { nid, nameoff, file_type } = decode(DIRENT, view, at);
    const isLast = at + DIRENT_SIZE === first;
    const end = isLast ? nameEnd(block, nameoff) : DIRENT.nameoff.get(view, at + DIRENT_SIZE);
    if (nameoff < first || end <= nameoff || end > block.length || end - nameoff > EROFS_NAME_LEN) {
      throw broken(where, `the entry at byte ${at} has no name`);
    }
    const name = Buffer.from(block.subarray(nameoff, end)).toString("latin1");
    yield { name, nid, fileType: file_type, where };
  }
}

/** The last name ends at the block's end, or before a NUL. */
function nameEnd(block: Uint8Array, from: number): number {
  const zero = block.indexOf(0, from);
  return zero < 0 ? block.length : zero;
}
