/** Inodes, decoded. */

import { lazily, viewOf } from "../../../blocks/field.ts";
import type { Timestamp } from "../../../tree/inode.ts";
import { MODE_TYPE } from "../../../tree/mode.ts";
import { type FileType, inodeName, type TypedInode } from "../../reading/filesystem.ts";
import {
  COMPACT_INODE,
  COMPACT_INODE_SIZE,
  DATALAYOUT,
  DATALAYOUT_MASK,
  DATALAYOUT_SHIFT,
  EROFS_INODE_LAYOUT_COMPACT,
  EXTENDED_INODE,
  EXTENDED_INODE_SIZE,
  SLOT_SIZE,
} from "../format/inode.ts";
import { SHARED_XATTR_ID_SIZE, XATTR_IBODY_HEADER_SIZE } from "../format/xattr.ts";
import { broken } from "./broken.ts";
import type { Volume } from "./volume.ts";

export type Layout = keyof typeof DATALAYOUT;

/** An inode by its nid. There is one time, which stands for all three. */
export interface ErofsInode extends TypedInode {
  readonly layout: Layout;
  /** i_u: what it is goes by type and layout. */
  readonly union: number;
  /** Bytes of the image: where the inode begins, and the attributes behind it. */
  readonly position: number;
  readonly xattrs: number;
  /** Where the attributes end: contents, or what tells where they are, are from here on. */
  readonly body: number;
}

const TYPE_BITS = 0o170000;
const MAXIMUM_NANOSECONDS = 999_999_999;
/** Version and layout; a kernel refuses an inode with other bits. */
const FORMAT_BITS = (DATALAYOUT_MASK << DATALAYOUT_SHIFT) | 1;

const compactInode = lazily(COMPACT_INODE);
const extendedInode = lazily(EXTENDED_INODE);
const TYPES = new Map(Object.entries(MODE_TYPE).map(([type, bits]) => [bits as number, type as FileType]));
const LAYOUTS = new Map(Object.entries(DATALAYOUT).map(([name, code]) => [code as number, name as Layout]));

/** Reads an inode. Throws E_INVALID_FILESYSTEM for a nid that none has. */
export function readInode(volume: Volume, nid: number): ErofsInode {
  const where = inodeName(nid);
  const { fields } = volume.superblock;
  const position = fields.meta_blkaddr * volume.blockSize + nid * SLOT_SIZE;
  const format = COMPACT_INODE.i_format.get(viewOf(volume.metadata(position, 2, where)), 0);
  const layout = LAYOUTS.get((format >> DATALAYOUT_SHIFT) & DATALAYOUT_MASK);
  if (layout === undefined || (format & ~FORMAT_BITS) !== 0) {
    throw broken(where, `its format 0x${format.toString(16)} is none that there is`);
  }
  const isCompact = (format & 1) === EROFS_INODE_LAYOUT_COMPACT;
  const size = isCompact ? COMPACT_INODE_SIZE : EXTENDED_INODE_SIZE;
  const view = viewOf(volume.metadata(position, size, where));
  const { fields: own, time } = isCompact ? compactFields(volume, view) : extendedFields(view);
  const type = TYPES.get(own.i_mode & TYPE_BITS);
  if (type === undefined) throw broken(where, "its type is none that there is");
  if (!Number.isSafeInteger(own.i_size)) throw broken(where, "its size is more than any file can have");
  const xattrs = position + size;
  return {
    number: nid,
    type,
    mode: own.i_mode & 0o7777,
    uid: own.i_uid,
    gid: own.i_gid,
    size: own.i_size,
    links: own.i_nlink,
    mtime: time,
    atime: time,
    ctime: time,
    layout,
    union: own.i_u,
    position,
    xattrs,
    body: xattrs + xattrBodySize(own.i_xattr_icount),
  };
}

/** Without a time of its own it has the filesystem's. */
function compactFields({ superblock }: Volume, view: DataView) {
  const { epoch, fixed_nsec } = superblock.fields;
  return { fields: compactInode(view), time: timestamp(epoch, fixed_nsec) };
}

function extendedFields(view: DataView) {
  const fields = extendedInode(view);
  return { fields, time: timestamp(fields.i_mtime, fields.i_mtime_nsec) };
}

/** Seconds have 64 bits on disk, and here as many as a number holds: 285 million years to either side. */
export function timestamp(seconds: number, nanoseconds: number): Timestamp {
  const most = Number.MAX_SAFE_INTEGER;
  return {
    seconds: Math.min(Math.max(seconds, -most), most),
    nanoseconds: Math.min(nanoseconds, MAXIMUM_NANOSECONDS),
  };
}

/** Bytes of the attributes behind an inode: a header, and as many times 4 as are counted from 1 on. */
function xattrBodySize(count: number): number {
  return count === 0 ? 0 : XATTR_IBODY_HEADER_SIZE + (count - 1) * SHARED_XATTR_ID_SIZE;
}
