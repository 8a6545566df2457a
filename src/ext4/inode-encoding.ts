/** An inode as 256 bytes of an inode table. */

import { BLOCK_SIZE } from "../output/blocks.ts";
import type { Inode, Metadata, Timestamp } from "../tree/inode.ts";
import { crc, inodeSeed } from "./checksum.ts";
import { encodeRoot, type Mapping, mappedBlocks } from "./extent-tree.ts";
import { high32 } from "./format/field.ts";
import {
  EXT4_EXTENTS_FL,
  EXT4_GOOD_OLD_INODE_SIZE,
  EXT4_INDEX_FL,
  EXTRA_ISIZE,
  I_BLOCK_SIZE,
  INODE,
  INODE_SIZE,
  MODE_TYPE,
} from "./format/inode.ts";
import { directoryLinks, type PlannedInode } from "./planned-inode.ts";

const SECTORS_PER_BLOCK = BLOCK_SIZE / 512;
const XATTRS_AT = EXT4_GOOD_OLD_INODE_SIZE + EXTRA_ISIZE;
/**
 * What 32 bits of seconds and two bits of epoch reach (EXT4_TIMESTAMP_MIN, EXT4_EXTRA_TIMESTAMP_MAX, ext4.h). The kernel
 * reads all of it as it is; e2fsck remarks on the years 2310 to 2378, which an old kernel wrote for times before 1970.
 */
const EARLIEST = -(2 ** 31);
const LATEST = 2 ** 34 - 2 ** 31 - 1;

/** Where an inode goes: byte `at` of a table whose view and bytes are these, all zero there. */
export interface InodeSlot {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly at: number;
  readonly number: number;
  /** The filesystem's seed of checksums. */
  readonly seed: number;
}

/** Writes the inode, its checksum included. `xattrBlock` is the block of its further attributes, or 0. */
export function encodeInode(
  planned: PlannedInode,
  mapping: Mapping,
  xattrBlock: number,
  slot: InodeSlot,
): void {
  const { node, inodeXattrs } = planned;
  const { view, at, bytes } = slot;
  encodeMetadata(node.type, node.metadata, view, at);
  const directory = node.type === "directory";
  INODE.i_links_count.put(view, at, directory ? directoryLinks(planned.links) : planned.links);
  const size = sizeOf(planned);
  INODE.i_size_lo.put(view, at, size);
  INODE.i_size_high.put(view, at, high32(size));
  INODE.i_file_acl_lo.put(view, at, xattrBlock);
  INODE.l_i_file_acl_high.put(view, at, high32(xattrBlock));
  const blocks = mappedBlocks(mapping.extents) + mapping.nodes.length + (xattrBlock === 0 ? 0 : 1);
  // 48 bits of sectors cover every file there can be, so i_blocks never has to count in blocks (huge_file).
  INODE.i_blocks_lo.put(view, at, blocks * SECTORS_PER_BLOCK);
  INODE.l_i_blocks_high.put(view, at, high32(blocks * SECTORS_PER_BLOCK));
  encodeBlockArea(node, mapping, view, at);
  if (planned.directory?.index !== undefined) INODE.i_flags.put(view, at, EXT4_EXTENTS_FL | EXT4_INDEX_FL);
  if (inodeXattrs !== undefined) bytes.set(inodeXattrs, at + XATTRS_AT);
  encodeChecksum(slot);
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
  INODE.i_atime.put(view, at, clamp(atime));
  INODE.i_atime_extra.put(view, at, extraOf(atime));
  INODE.i_ctime.put(view, at, clamp(ctime));
  INODE.i_ctime_extra.put(view, at, extraOf(ctime));
  INODE.i_mtime.put(view, at, clamp(mtime));
  INODE.i_mtime_extra.put(view, at, extraOf(mtime));
  INODE.i_crtime.put(view, at, clamp(mtime));
  INODE.i_crtime_extra.put(view, at, extraOf(mtime));
}

function clamp({ seconds }: Timestamp): number {
  return Math.min(Math.max(seconds, EARLIEST), LATEST);
}

/** ext4_encode_extra_time: nanoseconds above two bits of what the signed 32 bits of seconds lack. */
function extraOf(time: Timestamp): number {
  const epoch = Math.floor((clamp(time) - EARLIEST) / 2 ** 32);
  return time.nanoseconds * 4 + epoch;
}

/** i_block (and i_flags): a short symlink's target, a device's number, or the root of the extent tree. */
function encodeBlockArea(node: Inode, mapping: Mapping, view: DataView, at: number): void {
  const area = at + INODE.i_block.offset;
  if (node.type === "char" || node.type === "block") {
    encodeDevice(node.major, node.minor, view, area);
  } else if (node.type === "symlink" && node.target.length < I_BLOCK_SIZE) {
    for (let i = 0; i < node.target.length; i++) view.setUint8(area + i, node.target.charCodeAt(i));
  } else if (node.type !== "fifo" && node.type !== "socket") {
    INODE.i_flags.put(view, at, EXT4_EXTENTS_FL);
    encodeRoot(mapping, view, area);
  }
}

/** old_encode_dev in the first word where 8 bits each suffice, else new_encode_dev in the second (kdev_t.h). */
function encodeDevice(major: number, minor: number, view: DataView, area: number): void {
  if (major < 256 && minor < 256) view.setUint32(area, (major << 8) | minor, true);
  else view.setUint32(area + 4, (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12), true);
}

function encodeChecksum({ bytes, view, at, number, seed }: InodeSlot): void {
  const checksum = crc(inodeSeed(seed, number), bytes.subarray(at, at + INODE_SIZE));
  INODE.l_i_checksum_lo.put(view, at, checksum);
  INODE.i_checksum_hi.put(view, at, checksum >>> 16);
}

/** Writes a reserved inode that is not in use: nothing but a checksum, and of that only the half that always exists. */
export function encodeUnusedInode({ bytes, view, at, number, seed }: InodeSlot): void {
  const checksum = crc(inodeSeed(seed, number), bytes.subarray(at, at + INODE_SIZE));
  INODE.l_i_checksum_lo.put(view, at, checksum);
}
