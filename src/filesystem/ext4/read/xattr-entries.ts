/** Extended attributes as they are on disk: in the inode and in a block of their own. */

import { decode, viewOf } from "../../../blocks/field.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { crc, crcOfLong } from "../format/checksum.ts";
import { EXT4_GOOD_OLD_INODE_SIZE } from "../format/inode.ts";
import {
  EXT4_XATTR_INDEX_SYSTEM,
  EXT4_XATTR_MAGIC,
  EXT4_XATTR_ROUND,
  EXT4_XATTR_SYSTEM_DATA,
  XATTR_ENTRY,
  XATTR_ENTRY_HEADER,
  XATTR_HEADER,
  XATTR_HEADER_SIZE,
  XATTR_IBODY_HEADER,
  XATTR_IBODY_HEADER_SIZE,
} from "../format/xattr.ts";
import { broken } from "./broken.ts";
import type { FileInode } from "./inode.ts";
import type { Volume } from "./volume.ts";

const END_OF_ENTRIES = 4;

/** An attribute as ext4 keeps it. */
export interface DiskXattr {
  /** e_name_index: stands for the prefix. */
  readonly index: number;
  /** What follows the prefix. */
  readonly name: string;
  readonly hash: number;
  readonly size: number;
  /** The inode with the value, or 0. */
  readonly valueInode: number;
  /** Where the value begins, and where the entry ends, in bytes from the same start. */
  readonly offset: number;
  readonly end: number;
  /** The value where it is, or empty if it is in an inode. */
  readonly inPlace: Uint8Array;
  /** The same with what fills its last four bytes, which the hash is over as well. */
  readonly padded: Uint8Array;
}

export function isInlineData({ index, name }: DiskXattr): boolean {
  return index === EXT4_XATTR_INDEX_SYSTEM && name === EXT4_XATTR_SYSTEM_DATA;
}

/** Inline contents past i_block; undefined where there are none. */
export function inlineDataRest(inode: FileInode): Uint8Array | undefined {
  return inodeXattrs(inode).find(isInlineData)?.inPlace;
}

/** The attributes after the inode's fields. */
export function inodeXattrs(inode: FileInode): DiskXattr[] {
  const { bytes, fields } = inode;
  const extra = fields.i_extra_isize;
  const at = EXT4_GOOD_OLD_INODE_SIZE + extra;
  if (extra === 0 || at + XATTR_IBODY_HEADER_SIZE + END_OF_ENTRIES > bytes.length) return [];
  if (XATTR_IBODY_HEADER.h_magic.get(viewOf(bytes), at) !== EXT4_XATTR_MAGIC) return [];
  // Places of values count from the first entry.
  return decodeEntries(bytes.subarray(at + XATTR_IBODY_HEADER_SIZE), 0, inodeName(inode.number));
}

/** The block of further attributes, or 0. */
export function xattrBlock(volume: Volume, { fields }: FileInode): number {
  const high = volume.has("64bit") ? fields.l_i_file_acl_high : 0;
  return high * 2 ** 32 + fields.i_file_acl_lo;
}

/** The attributes in the inode's block of them. */
export function blockXattrs(volume: Volume, inode: FileInode): DiskXattr[] {
  const block = xattrBlock(volume, inode);
  return block === 0 ? [] : readXattrBlock(volume, block).entries;
}

/** The attributes in a block. Throws E_INVALID_FILESYSTEM if its header, checksum or entries are broken. */
export function readXattrBlock(volume: Volume, block: number) {
  const where = `attribute block ${block}`;
  const bytes = volume.block(block, where);
  const header = decode(XATTR_HEADER, viewOf(bytes), 0);
  if (header.h_magic !== EXT4_XATTR_MAGIC) throw broken(where, "it has no magic number");
  if (header.h_blocks !== 1) throw broken(where, `it says it were ${header.h_blocks} blocks`);
  if (volume.has("metadata_csum")) {
    const cleared = new Uint8Array(bytes);
    XATTR_HEADER.h_checksum.put(viewOf(cleared), 0, 0);
    if (crc(crcOfLong(volume.superblock.seed, block), cleared) !== header.h_checksum) {
      throw broken(where, "its checksum is wrong");
    }
  }
  return { header, entries: decodeEntries(bytes, XATTR_HEADER_SIZE, where) };
}

function decodeEntries(bytes: Uint8Array, first: number, where: string): DiskXattr[] {
  const view = viewOf(bytes);
  const entries: DiskXattr[] = [];
  let at = first;
  for (;;) {
    if (at + END_OF_ENTRIES > bytes.length) throw broken(where, "the list of attributes has no end");
    // The kernel takes four zero bytes for the end: no name and no index.
    if (view.getUint32(at, true) === 0) return entries;
    if (at + XATTR_ENTRY_HEADER > bytes.length) throw broken(where, "an attribute is cut short");
    const entry = decode(XATTR_ENTRY, view, at);
    const nameAt = at + XATTR_ENTRY_HEADER;
    const next = nameAt + Math.ceil(entry.e_name_len / 4) * 4;
    if (next + END_OF_ENTRIES > bytes.length) throw broken(where, "an attribute's name is cut short");
    const inPlace = entry.e_value_inum === 0 ? entry.e_value_size : 0;
    const valueAt = entry.e_value_offs;
    const valueEnd = valueAt + Math.ceil(inPlace / EXT4_XATTR_ROUND) * EXT4_XATTR_ROUND;
    if (inPlace > 0 && valueEnd > bytes.length) throw broken(where, "an attribute's value lies outside");
    const padded = inPlace === 0 ? new Uint8Array() : new Uint8Array(bytes.subarray(valueAt, valueEnd));
    entries.push({
      index: entry.e_name_index,
      name: Buffer.from(bytes.subarray(nameAt, nameAt + entry.e_name_len)).toString("latin1"),
      hash: entry.e_hash,
      size: entry.e_value_size,
      valueInode: entry.e_value_inum,
      offset: valueAt,
      end: next,
      inPlace: padded.subarray(0, inPlace),
      padded,
    });
    at = next;
  }
}
