/** An inode as 256 bytes of an inode table. */

import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { high32 } from "../../../blocks/field.ts";
import type { Inode, Metadata, Timestamp } from "../../../tree/inode.ts";
import { MODE_TYPE } from "../../../tree/mode.ts";
import { crc, inodeSeed } from "../format/checksum.ts";
import {
  EARLIEST_TIME,
  EXT4_EA_INODE_FL,
  EXT4_GOOD_OLD_INODE_SIZE,
  EXT4_INDEX_FL,
  EXTRA_ISIZE,
  I_BLOCK_SIZE,
  INODE,
  LATEST_TIME,
} from "../format/inode.ts";
import { type Mapping, mappedBlocks } from "./mapping.ts";
import { directoryLinks, type PlannedInode } from "./planned-inode.ts";
import type { Variant } from "./variant.ts";

const SECTORS_PER_BLOCK = BLOCK_SIZE / 512;
const XATTRS_AT = EXT4_GOOD_OLD_INODE_SIZE + EXTRA_ISIZE;

/** Where an inode goes: byte `at` of a table, all zero there. */
export interface InodeSlot {
  /** The table. */
  readonly view: DataView;
  readonly at: number;
  /** The inode's 256 bytes. */
  readonly bytes: Uint8Array;
  readonly variant: Variant;
  /** The filesystem's seed of checksums, if it has any. */
  readonly seed: number | undefined;
}

/** The block of an inode's further attributes, 0 for none, and what counts as the inode's: that and large values. */
export interface PlacedXattrBlock {
  readonly place: number;
  readonly blocks: number;
}

export const NO_XATTR_BLOCK: PlacedXattrBlock = { place: 0, blocks: 0 };

/** Writes the inode, its checksum included. */
export function encodeInode(
  planned: PlannedInode,
  mapping: Mapping,
  xattrBlock: PlacedXattrBlock,
  slot: InodeSlot,
  number: number,
): void {
  const { node, xattrs } = planned;
  const { view, at, bytes } = slot;
  encodeMetadata(node.type, node.metadata, view, at);
  const directory = node.type === "directory";
  INODE.i_links_count.put(view, at, directory ? directoryLinks(planned.links) : planned.links);
  const size = sizeOf(planned);
  INODE.i_size_lo.put(view, at, size);
  INODE.i_size_high.put(view, at, high32(size));
  INODE.i_file_acl_lo.put(view, at, xattrBlock.place);
  INODE.l_i_file_acl_high.put(view, at, high32(xattrBlock.place));
  const blocks = mappedBlocks(mapping.extents) + mapping.nodes.length + xattrBlock.blocks;
  // 48 bits of sectors cover every file there can be, so i_blocks never has to count in blocks (huge_file).
  INODE.i_blocks_lo.put(view, at, blocks * SECTORS_PER_BLOCK);
  INODE.l_i_blocks_high.put(view, at, high32(blocks * SECTORS_PER_BLOCK));
  encodeBlockArea(planned, mapping, slot);
  // Who refers to a value is counted here (ext4_xattr_inode_get_ref).
  if (planned.valueInode !== undefined) INODE.l_i_version.put(view, at, planned.valueInode.references);
  if (xattrs.inode !== undefined) bytes.set(xattrs.inode, XATTRS_AT);
  encodeChecksum(slot, number);
}

function sizeOf({ node, directory }: PlannedInode): number {
  if (node.type === "file") return node.size;
  if (node.type === "symlink") return node.target.length;
  return directory === undefined ? 0 : directory.blocks * BLOCK_SIZE;
}

function encodeMetadata(type: Inode["type"], metadata: Metadata, view: DataView, at: number): void {
  INODE.i_mode.put(view, at, MODE_TYPE[type] | metadata.mode);
  INODE.i_uid.put(view, at, metadata.uid);
  INODE.l_i_uid_high.put(view, at, metadata.uid >>> 16);
  INODE.i_gid.put(view, at, metadata.gid);
  INODE.l_i_gid_high.put(view, at, metadata.gid >>> 16);
  INODE.i_extra_isize.put(view, at, EXTRA_ISIZE);
  const { atime, ctime, mtime } = metadata;
  const modified = clamp(mtime);
  const modifiedExtra = extraOf(mtime, modified);
  // One object nearly always, as the tar has but one time.
  const accessed = atime === mtime ? modified : clamp(atime);
  const changed = ctime === mtime ? modified : clamp(ctime);
  INODE.i_atime.put(view, at, accessed);
  INODE.i_atime_extra.put(view, at, atime === mtime ? modifiedExtra : extraOf(atime, accessed));
  INODE.i_ctime.put(view, at, changed);
  INODE.i_ctime_extra.put(view, at, ctime === mtime ? modifiedExtra : extraOf(ctime, changed));
  INODE.i_mtime.put(view, at, modified);
  INODE.i_mtime_extra.put(view, at, modifiedExtra);
  INODE.i_crtime.put(view, at, modified);
  INODE.i_crtime_extra.put(view, at, modifiedExtra);
}

function clamp({ seconds }: Timestamp): number {
  return Math.min(Math.max(seconds, EARLIEST_TIME), LATEST_TIME);
}

/**
 * ext4_encode_extra_time: nanoseconds above two bits of what the signed 32 bits of seconds lack.
 * @param seconds the time's, clamped
 */
function extraOf({ nanoseconds }: Timestamp, seconds: number): number {
  return nanoseconds * 4 + Math.floor((seconds - EARLIEST_TIME) / 2 ** 32);
}

/** i_block (and i_flags): a short symlink's target, a device's number, or where the contents lie. */
function encodeBlockArea(planned: PlannedInode, mapping: Mapping, { view, at, variant }: InodeSlot): void {
  const { node } = planned;
  const area = at + INODE.i_block.offset;
  if (node.type === "char" || node.type === "block") {
    encodeDevice(node.major, node.minor, view, area);
  } else if (node.type === "symlink" && node.target.length < I_BLOCK_SIZE) {
    for (let i = 0; i < node.target.length; i++) view.setUint8(area + i, node.target.charCodeAt(i));
  } else if (node.type !== "fifo" && node.type !== "socket") {
    const indexed = planned.directory?.index === undefined ? 0 : EXT4_INDEX_FL;
    const isValue = planned.valueInode === undefined ? 0 : EXT4_EA_INODE_FL;
    INODE.i_flags.put(view, at, variant.map.flags | indexed | isValue);
    variant.map.encodeRoot(mapping, view, area);
  }
}

/** old_encode_dev in the first word where 8 bits each suffice, else new_encode_dev in the second (kdev_t.h). */
function encodeDevice(major: number, minor: number, view: DataView, area: number): void {
  if (major < 256 && minor < 256) view.setUint32(area, (major << 8) | minor, true);
  else view.setUint32(area + 4, (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12), true);
}

function encodeChecksum({ bytes, view, at, seed }: InodeSlot, number: number): void {
  if (seed === undefined) return;
  const checksum = crc(inodeSeed(seed, number), bytes);
  INODE.l_i_checksum_lo.put(view, at, checksum);
  INODE.i_checksum_hi.put(view, at, checksum >>> 16);
}

/** Writes a reserved inode that is not in use: nothing but a checksum, and of that only the half that always exists. */
export function encodeUnusedInode({ bytes, view, at, seed }: InodeSlot, number: number): void {
  if (seed === undefined) return;
  const checksum = crc(inodeSeed(seed, number), bytes);
  INODE.l_i_checksum_lo.put(view, at, checksum);
}
