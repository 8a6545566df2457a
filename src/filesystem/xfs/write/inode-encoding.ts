/** An inode as 512 bytes of a chunk. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { crc32c } from "../../../blocks/crc32c.ts";
import { encode, viewOf } from "../../../blocks/field.ts";
import type { Inode, Timestamp } from "../../../tree/inode.ts";
import { MODE_TYPE } from "../../../tree/mode.ts";
import {
  DEVICE,
  EARLIEST_TIME,
  FORKOFF_UNIT,
  FORMAT,
  INODE,
  INODE_CORE_SIZE,
  INODE_SIZE,
  INODE_VERSION,
  LATEST_TIME,
  MINOR_BITS,
  XFS_DIFLAG_NEWRTBM,
  XFS_DIFLAG2_BIGTIME,
  XFS_DINODE_MAGIC,
} from "../format/inode.ts";
import { encodeShortAttributes } from "./attribute-encoding.ts";
import { bmapFormat, encodeBmapFork, type Mapping, mappedBlocks, putExtents } from "./bmap.ts";
import { type DirectoryContext, encodeShortDirectory } from "./directory-encoding.ts";
import type { Owner } from "./owner.ts";
import type { PlannedInode } from "./planned-inode.ts";
import type { PlacedForks } from "./tree-placer.ts";

const NULLAGINO = 0xffffffff;

/** 512 bytes for one inode after the other: what would be made for each of a million waits to be collected. */
export class InodeRoom {
  readonly bytes = new Uint8Array(INODE_SIZE);
  readonly view = viewOf(this.bytes);

  clear(): void {
    this.bytes.fill(0);
  }
}

/** Writes an inode that is not in use into room that is clear. */
export function encodeFreeInode({ number, uuid }: Owner, { bytes, view }: InodeRoom): void {
  encode(INODE, view, 0, {
    di_magic: XFS_DINODE_MAGIC,
    di_version: INODE_VERSION,
    di_next_unlinked: NULLAGINO,
    di_ino: number,
    di_uuid: uuid,
  });
  INODE.di_crc.put(view, 0, crc32c(bytes));
}

/** Writes an inode of the filesystem's own into room that is clear: an empty file that no directory names. */
export function encodeOwnInode(
  { isBitmap, time }: { readonly isBitmap: boolean; readonly time: Timestamp },
  owner: Owner,
  room: InodeRoom,
): void {
  const { view } = room;
  putTimes(view, { atime: time, mtime: time, ctime: time });
  encode(INODE, view, 0, {
    di_mode: MODE_TYPE.file,
    di_format: FORMAT.extents,
    di_aformat: FORMAT.extents,
    di_nlink: 1,
    di_flags: isBitmap ? XFS_DIFLAG_NEWRTBM : 0,
    di_flags2: XFS_DIFLAG2_BIGTIME,
    di_changecount: 1,
  });
  encodeFreeInode(owner, room);
}

/** Writes an inode of the tree into room that is clear. */
export function encodeInode(
  planned: PlannedInode,
  placed: PlacedForks,
  directory: DirectoryContext | undefined,
  owner: Owner,
  room: InodeRoom,
): void {
  const { node, forks, links } = planned;
  const { mode, uid, gid } = node.metadata;
  const { bytes, view } = room;
  putTimes(view, node.metadata);
  const border = INODE_CORE_SIZE + forks.dataBytes;
  const { di_format, di_size } = encodeData(planned, placed, directory, room);
  encode(INODE, view, 0, {
    di_mode: MODE_TYPE[node.type] | mode,
    di_format,
    di_uid: uid,
    di_gid: gid,
    di_nlink: links,
    di_size,
    di_nblocks: blocksOf(placed.data) + blocksOf(placed.attributes),
    di_nextents: placed.data.extents.length,
    di_anextents: placed.attributes.extents.length,
    di_forkoff: forks.attrBytes === 0 ? 0 : forks.dataBytes / FORKOFF_UNIT,
    di_aformat: encodeAttributes(planned, placed, () => bytes.subarray(border)),
    di_flags2: XFS_DIFLAG2_BIGTIME,
    di_changecount: 1,
  });
  encodeFreeInode(owner, room);
}

function blocksOf({ extents, nodes }: Mapping): number {
  return mappedBlocks(extents) + nodes.length;
}

/** Writes the data fork, and returns its form and the size of what it holds. */
function encodeData(
  { node, forks, directory: layout }: PlannedInode,
  { data }: PlacedForks,
  directory: DirectoryContext | undefined,
  { bytes, view }: InodeRoom,
): { readonly di_format: number; readonly di_size: number } {
  if (node.type === "char" || node.type === "block") {
    DEVICE.dev.put(view, INODE_CORE_SIZE, node.major * 2 ** MINOR_BITS + node.minor);
    return { di_format: FORMAT.dev, di_size: 0 };
  }
  if (node.type === "fifo" || node.type === "socket") return { di_format: FORMAT.dev, di_size: 0 };
  const fork = (): Uint8Array => bytes.subarray(INODE_CORE_SIZE, INODE_CORE_SIZE + forks.dataBytes);
  if (node.type === "symlink" && forks.localData) {
    fork().set(Buffer.from(node.target, "latin1"));
    return { di_format: FORMAT.local, di_size: node.target.length };
  }
  if (directory !== undefined && forks.localData) {
    return { di_format: FORMAT.local, di_size: encodeShortDirectory(directory, fork()) };
  }
  // Of nearly all inodes: no view of the fork is made.
  if (data.nodes.length === 0) putExtents(data.extents, view, INODE_CORE_SIZE);
  else encodeBmapFork(data, fork());
  return { di_format: bmapFormat(data), di_size: sizeOf(node, layout?.blocks?.data ?? 0) };
}

/** `dataBlocks`: those of a directory's entries; leaves and free indexes do not count. */
function sizeOf(node: Inode, dataBlocks: number): number {
  if (node.type === "file") return node.size;
  return node.type === "symlink" ? node.target.length : dataBlocks * BLOCK_SIZE;
}

/** Writes the attribute fork and returns its form: that of extents, too, where there is none. */
function encodeAttributes(
  { attributes, forks }: PlannedInode,
  placed: PlacedForks,
  fork: () => Uint8Array,
): number {
  if (attributes === undefined) return FORMAT.extents;
  if (forks.shortAttributes) {
    encodeShortAttributes(attributes.layout, fork());
    return FORMAT.local;
  }
  encodeBmapFork(placed.attributes, fork());
  return bmapFormat(placed.attributes);
}

interface Times {
  readonly atime: Timestamp;
  readonly mtime: Timestamp;
  readonly ctime: Timestamp;
}

function putTimes(view: DataView, { atime, mtime, ctime }: Times): void {
  putTime(view, INODE.di_atime.offset, atime);
  putTime(view, INODE.di_mtime.offset, mtime);
  putTime(view, INODE.di_ctime.offset, ctime);
  putTime(view, INODE.di_crtime.offset, mtime);
}

const NANOSECONDS = 1_000_000_000;

/** Nanoseconds as two words: numbers reach that far only in halves, and big ones would be made by the million. */
function putTime(view: DataView, at: number, { seconds, nanoseconds }: Timestamp): void {
  const since = Math.min(Math.max(seconds, EARLIEST_TIME), LATEST_TIME) - EARLIEST_TIME;
  const upper = Math.floor(since / 2 ** 16) * NANOSECONDS;
  const lower = (upper % 2 ** 16) * 2 ** 16 + (since % 2 ** 16) * NANOSECONDS + nanoseconds;
  view.setUint32(at, Math.floor(upper / 2 ** 16) + Math.floor(lower / 2 ** 32));
  view.setUint32(at + 4, lower % 2 ** 32);
}
