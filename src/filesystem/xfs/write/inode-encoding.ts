/** An inode as 512 bytes of a chunk. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { crc32c } from "../../../blocks/crc32c.ts";
import { encode, viewOf } from "../../../blocks/field.ts";
import type { Extent, Inode, Timestamp } from "../../../tree/inode.ts";
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
import { bmapFormat, encodeBmapFork, type Mapping, mappedBlocks, NO_MAPPING, putExtents } from "./bmap.ts";
import { type DirectoryContext, encodeShortDirectory } from "./directory-encoding.ts";
import type { Forks } from "./forks.ts";
import type { PlannedInode } from "./planned-inode.ts";
import type { PlacedForks } from "./tree-placer.ts";

const NULLAGINO = 0xffffffff;

/** 512 bytes for one inode after the other: what would be made for each of a million waits to be collected. */
export class InodeRoom {
  readonly bytes = new Uint8Array(INODE_SIZE);
  readonly view = viewOf(this.bytes);
  /** Who is written there. */
  readonly owner: { number: number; readonly uuid: Uint8Array };

  constructor(uuid: Uint8Array) {
    this.owner = { number: 0, uuid };
  }

  /** Makes room for the inode of this number. */
  clear(number: number): void {
    this.bytes.fill(0);
    this.owner.number = number;
  }
}

/** Writes an inode that is not in use into room that is clear. */
export function encodeFreeInode({ bytes, view, owner: { number, uuid } }: InodeRoom): void {
  INODE.di_magic.put(view, 0, XFS_DINODE_MAGIC);
  INODE.di_version.put(view, 0, INODE_VERSION);
  INODE.di_next_unlinked.put(view, 0, NULLAGINO);
  INODE.di_ino.put(view, 0, number);
  INODE.di_uuid.put(view, 0, uuid);
  INODE.di_crc.put(view, 0, crc32c(bytes));
}

/** Writes an inode of the filesystem's own into room that is clear: an empty file that no directory names. */
export function encodeOwnInode(
  { isBitmap, time }: { readonly isBitmap: boolean; readonly time: Timestamp },
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
  encodeFreeInode(room);
}

/** Where the blocks of an inode lie. */
export interface InodePlaces {
  /** Of its forks; absent where all are contents that stay where they are. */
  readonly forks: PlacedForks | undefined;
  /** Of its contents as they came. */
  readonly extents: readonly Extent[];
}

/**
 * Writes an inode of the tree into room that is clear, field by field: no object is made for one of a million.
 */
export function encodeInode(
  planned: PlannedInode,
  { forks: placed, extents: contents }: InodePlaces,
  directory: DirectoryContext | undefined,
  room: InodeRoom,
): void {
  const { node, forks, links } = planned;
  const { view } = room;
  INODE.di_mode.put(view, 0, MODE_TYPE[node.type] | node.metadata.mode);
  INODE.di_uid.put(view, 0, node.metadata.uid);
  INODE.di_gid.put(view, 0, node.metadata.gid);
  INODE.di_nlink.put(view, 0, links);
  putTimes(view, node.metadata);
  const extents = placed?.data.extents ?? contents;
  encodeData(planned, { extents, nodes: placed?.data.nodes ?? NO_MAPPING.nodes }, directory, room);
  const attributes = placed?.attributes ?? NO_MAPPING;
  const nodes = (placed?.data.nodes.length ?? 0) + attributes.nodes.length;
  INODE.di_nblocks.put(view, 0, mappedBlocks(extents) + mappedBlocks(attributes.extents) + nodes);
  INODE.di_nextents.put(view, 0, extents.length);
  INODE.di_anextents.put(view, 0, attributes.extents.length);
  INODE.di_forkoff.put(view, 0, forks.attrBytes === 0 ? 0 : forks.dataBytes / FORKOFF_UNIT);
  encodeAttributes(planned, attributes, room);
  INODE.di_flags2.put(view, 0, XFS_DIFLAG2_BIGTIME);
  INODE.di_changecount.put(view, 0, 1);
  encodeFreeInode(room);
}

/** Writes the data fork, its form, and the size of what it holds. */
function encodeData(
  { node, forks, directory: layout }: PlannedInode,
  data: Mapping,
  directory: DirectoryContext | undefined,
  room: InodeRoom,
): void {
  const { view } = room;
  if (node.type === "char" || node.type === "block") {
    DEVICE.dev.put(view, INODE_CORE_SIZE, node.major * 2 ** MINOR_BITS + node.minor);
    putForm(view, FORMAT.dev, 0);
  } else if (node.type === "fifo" || node.type === "socket") {
    putForm(view, FORMAT.dev, 0);
  } else if (node.type === "symlink" && forks.localData) {
    dataFork(room, forks).set(Buffer.from(node.target, "latin1"));
    putForm(view, FORMAT.local, node.target.length);
  } else if (directory !== undefined && forks.localData) {
    putForm(view, FORMAT.local, encodeShortDirectory(directory, dataFork(room, forks)));
  } else {
    const isTree = data.nodes.length > 0;
    if (isTree) encodeBmapFork(data, dataFork(room, forks));
    else putExtents(data.extents, view, INODE_CORE_SIZE);
    putForm(view, isTree ? FORMAT.btree : FORMAT.extents, sizeOf(node, layout?.blocks?.data ?? 0));
  }
}

function putForm(view: DataView, format: number, size: number): void {
  INODE.di_format.put(view, 0, format);
  INODE.di_size.put(view, 0, size);
}

function dataFork({ bytes }: InodeRoom, { dataBytes }: Forks): Uint8Array {
  return bytes.subarray(INODE_CORE_SIZE, INODE_CORE_SIZE + dataBytes);
}

/** `dataBlocks`: those of a directory's entries; leaves and free indexes do not count. */
function sizeOf(node: Inode, dataBlocks: number): number {
  if (node.type === "file") return node.size;
  return node.type === "symlink" ? node.target.length : dataBlocks * BLOCK_SIZE;
}

/** Writes the attribute fork and its form: that of extents, too, where there is none. */
function encodeAttributes(
  { attributes, forks }: PlannedInode,
  placed: Mapping,
  { bytes, view }: InodeRoom,
): void {
  INODE.di_aformat.put(view, 0, FORMAT.extents);
  if (attributes === undefined) return;
  const fork = bytes.subarray(INODE_CORE_SIZE + forks.dataBytes);
  if (forks.shortAttributes) {
    encodeShortAttributes(attributes.layout, fork);
    INODE.di_aformat.put(view, 0, FORMAT.local);
  } else {
    encodeBmapFork(placed, fork);
    INODE.di_aformat.put(view, 0, bmapFormat(placed));
  }
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
