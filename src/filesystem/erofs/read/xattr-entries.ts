/** Extended attributes as they are on disk: behind an inode, and where several inodes share them. */

import { decode, viewOf } from "../../../blocks/field.ts";
import { inodeName } from "../../reading/filesystem.ts";
import {
  SHARED_XATTR_ID_SIZE,
  XATTR_ALIGN,
  XATTR_ENTRY,
  XATTR_ENTRY_HEADER,
  XATTR_IBODY_HEADER,
  XATTR_IBODY_HEADER_SIZE,
} from "../format/xattr.ts";
import { broken } from "./broken.ts";
import type { ErofsInode } from "./inode.ts";
import type { Volume } from "./volume.ts";

export interface DiskXattr {
  /** e_name_index: stands for the prefix. */
  readonly index: number;
  /** What follows the prefix. */
  readonly name: string;
  readonly value: Uint8Array;
}

/** An inode's own attributes, then those that it shares. Throws E_INVALID_FILESYSTEM if one is broken. */
export function xattrEntries(volume: Volume, inode: ErofsInode): DiskXattr[] {
  const size = inode.body - inode.xattrs;
  if (size === 0) return [];
  const where = inodeName(inode.number);
  const bytes = volume.metadata(inode.xattrs, size, where);
  const view = viewOf(bytes);
  const shared = XATTR_IBODY_HEADER.h_shared_count.get(view, 0);
  const first = XATTR_IBODY_HEADER_SIZE + shared * SHARED_XATTR_ID_SIZE;
  if (first > size) throw broken(where, `it cannot share ${shared} attributes, their list is cut short`);
  const entries: DiskXattr[] = [];
  for (let at = first; at < size; ) {
    const { entry, length } = entryAt(bytes, at, where);
    entries.push(entry);
    at += length;
  }
  for (let i = 0; i < shared; i++) {
    const id = view.getUint32(XATTR_IBODY_HEADER_SIZE + i * SHARED_XATTR_ID_SIZE, true);
    entries.push(sharedXattr(volume, id, where));
  }
  return entries;
}

function sharedXattr(volume: Volume, id: number, owner: string): DiskXattr {
  const where = `${owner}, shared attribute ${id}`;
  const position = volume.superblock.fields.xattr_blkaddr * volume.blockSize + id * SHARED_XATTR_ID_SIZE;
  const head = volume.metadata(position, XATTR_ENTRY_HEADER, where);
  return entryAt(volume.metadata(position, entrySize(head, 0), where), 0, where).entry;
}

function entryAt(bytes: Uint8Array, at: number, where: string): { entry: DiskXattr; length: number } {
  // An entry begins at a multiple of 4, so there is always room for its head.
  const end = at + entrySize(bytes, at);
  if (end > bytes.length) throw broken(where, "an attribute is cut short");
  const { e_name_len, e_name_index } = decode(XATTR_ENTRY, viewOf(bytes), at);
  const nameAt = at + XATTR_ENTRY_HEADER;
  const name = Buffer.from(bytes.subarray(nameAt, nameAt + e_name_len)).toString("latin1");
  const value = new Uint8Array(bytes.subarray(nameAt + e_name_len, end));
  return { entry: { index: e_name_index, name, value }, length: aligned(end - at) };
}

/** Bytes of an entry without what aligns the next one. */
function entrySize(bytes: Uint8Array, at: number): number {
  const { e_name_len, e_value_size } = decode(XATTR_ENTRY, viewOf(bytes), at);
  return XATTR_ENTRY_HEADER + e_name_len + e_value_size;
}

function aligned(length: number): number {
  return Math.ceil(length / XATTR_ALIGN) * XATTR_ALIGN;
}
