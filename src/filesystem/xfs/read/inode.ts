/** Inodes, decoded. */

import { decode, type Values, viewOf } from "../../../blocks/field.ts";
import type { Timestamp } from "../../../tree/inode.ts";
import { MODE_TYPE } from "../../../tree/mode.ts";
import { type FileType, inodeName, type TypedInode } from "../../reading/filesystem.ts";
import { isSealed } from "../format/checksum.ts";
import {
  EARLIEST_TIME,
  FORKOFF_UNIT,
  FORMAT,
  INODE,
  INODE_CORE_SIZE,
  INODE_VERSION,
  XFS_DIFLAG2_BIGTIME,
  XFS_DINODE_MAGIC,
} from "../format/inode.ts";
import { BIG_COUNTERS, XFS_DIFLAG2_NREXT64 } from "../format/inode-counters.ts";
import { broken } from "./broken.ts";
import type { Volume } from "./volume.ts";

/** What of an inode tells where its contents, or its attributes, are. */
export interface Fork {
  readonly format: keyof typeof FORMAT;
  readonly extents: number;
  readonly bytes: Uint8Array;
}

export interface XfsInode extends TypedInode {
  readonly fields: Values<typeof INODE>;
  readonly created: Timestamp;
  readonly data: Fork;
  /** Undefined where there is no room for attributes. */
  readonly attributes: Fork | undefined;
}

const TYPE_BITS = 0o170000;
const MAXIMUM_NANOSECONDS = 999_999_999;
const TYPES = new Map(Object.entries(MODE_TYPE).map(([type, bits]) => [bits as number, type as FileType]));
const FORMATS = new Map(
  Object.entries(FORMAT).map(([name, code]) => [code as number, name as Fork["format"]]),
);

/** Reads an inode. Throws E_INVALID_FILESYSTEM for a number that none in use has, and for one that is damaged. */
export function readInode(volume: Volume, number: number): XfsInode {
  const where = inodeName(number);
  const bytes = inodeBytes(volume, number, where);
  const view = viewOf(bytes);
  const fields = decode(INODE, view, 0);
  if (fields.di_magic !== XFS_DINODE_MAGIC) throw broken(where, "there is none: its magic number is missing");
  if (!isSealed(bytes, INODE.di_crc)) throw broken(where, "its checksum is wrong");
  if (fields.di_version !== INODE_VERSION) throw broken(where, `its version is ${fields.di_version}`);
  if (fields.di_ino !== number) throw broken(where, `it says that it is inode ${fields.di_ino}`);
  const type = TYPES.get(fields.di_mode & TYPE_BITS);
  if (type === undefined) throw broken(where, "it is not in use, or of a type that there is not");
  if (!Number.isSafeInteger(fields.di_size)) throw broken(where, "its size is more than any file can have");
  const isBig = (fields.di_flags2 & XFS_DIFLAG2_BIGTIME) !== 0;
  const time = (name: "di_atime" | "di_mtime" | "di_ctime" | "di_crtime") =>
    timestamp(view, INODE[name].offset, isBig);
  return {
    number,
    type,
    mode: fields.di_mode & 0o7777,
    uid: fields.di_uid,
    gid: fields.di_gid,
    size: fields.di_size,
    links: fields.di_nlink,
    mtime: time("di_mtime"),
    atime: time("di_atime"),
    ctime: time("di_ctime"),
    created: time("di_crtime"),
    fields,
    ...forksOf(bytes, fields, where),
  };
}

/** The number tells group, block and place in the block. */
function inodeBytes(volume: Volume, number: number, where: string): Uint8Array {
  const { inodeSize, fields } = volume.superblock;
  if (!Number.isSafeInteger(number)) throw broken(where, "no inode has this number");
  const block = Math.floor(number / 2 ** fields.sb_inopblog);
  const at = (number - block * 2 ** fields.sb_inopblog) * inodeSize;
  return volume.block(block, where).subarray(at, at + inodeSize);
}

function forksOf(
  bytes: Uint8Array,
  fields: XfsInode["fields"],
  where: string,
): Pick<XfsInode, "data" | "attributes"> {
  const view = viewOf(bytes);
  const border = INODE_CORE_SIZE + fields.di_forkoff * FORKOFF_UNIT;
  if (border >= bytes.length) throw broken(where, `di_forkoff cannot be ${fields.di_forkoff}`);
  const isBig = (fields.di_flags2 & XFS_DIFLAG2_NREXT64) !== 0;
  const counts = isBig
    ? {
        data: BIG_COUNTERS.di_big_nextents.get(view, 0),
        attributes: BIG_COUNTERS.di_big_anextents.get(view, 0),
      }
    : { data: fields.di_nextents, attributes: fields.di_anextents };
  const format = (code: number): Fork["format"] => {
    const known = FORMATS.get(code);
    if (known === undefined) throw broken(where, `the form ${code} of its contents is none that there is`);
    return known;
  };
  const end = fields.di_forkoff === 0 ? bytes.length : border;
  return {
    data: {
      format: format(fields.di_format),
      extents: counts.data,
      bytes: bytes.subarray(INODE_CORE_SIZE, end),
    },
    attributes:
      fields.di_forkoff === 0
        ? undefined
        : { format: format(fields.di_aformat), extents: counts.attributes, bytes: bytes.subarray(border) },
  };
}

/** Nanoseconds since 1901, or 32 signed bits of seconds and as many of nanoseconds (xfs_inode_from_disk_ts). */
function timestamp(view: DataView, at: number, isBig: boolean): Timestamp {
  if (!isBig) {
    const nanoseconds = Math.min(view.getUint32(at + 4), MAXIMUM_NANOSECONDS);
    return { seconds: view.getInt32(at), nanoseconds };
  }
  const all = view.getBigUint64(at);
  return {
    seconds: Number(all / 1_000_000_000n) + EARLIEST_TIME,
    nanoseconds: Number(all % 1_000_000_000n),
  };
}
