import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import type { DeviceNode, Inode, Metadata } from "../../../tree/inode.ts";
import { MODE_TYPE } from "../../../tree/mode.ts";
import { BLOCK_MAP_ENTRY, BLOCK_MAP_ENTRY_SIZE, NULL_BLOCK } from "../format/chunk.ts";
import {
  COMPACT_INODE,
  COMPACT_INODE_SIZE,
  DATALAYOUT,
  DATALAYOUT_SHIFT,
  EROFS_INODE_LAYOUT_COMPACT,
  EROFS_INODE_LAYOUT_EXTENDED,
  EXTENDED_INODE,
  EXTENDED_INODE_SIZE,
  NO_BLOCK,
} from "../format/inode.ts";
import { encodeClusterMap } from "./compressed-index.ts";
import { chunkCount } from "./data-form.ts";
import { encodeEntries } from "./directory-blocks.ts";
import type { ErofsPlan } from "./plan.ts";
import type { DataForm, PlannedInode } from "./planned-inode.ts";
import { bodySize, encodeBody, type PlannedXattrs, xattrCount } from "./xattrs.ts";

const LAYOUTS = {
  plain: DATALAYOUT.FLAT_PLAIN,
  inline: DATALAYOUT.FLAT_INLINE,
  chunks: DATALAYOUT.CHUNK_BASED,
  compact: DATALAYOUT.COMPRESSED_COMPACT,
  full: DATALAYOUT.COMPRESSED_FULL,
} as const;

/** Writes the inode of that index at byte `at`, with its attributes and all that lies behind these. */
export function encodeInode(plan: ErofsPlan, index: number, bytes: Uint8Array, at: number): void {
  const planned = plan.namespace.inodes.at(index);
  const laidOut = plan.layout.inodes.get(index);
  if (planned === undefined || laidOut === undefined) return;
  const { node, links, xattrs } = planned;
  const { form, compact, dataRun } = laidOut;
  const placed = dataRun === undefined ? undefined : plan.placement.starts[dataRun];
  const { type, metadata } = node;
  const fields = { type, metadata, links, xattrs, form: layoutOf(form), size: sizeOf(planned), compact };
  const head = { ...fields, word: dataWord(planned, form, placed) };
  const behind = encodeHead(head, { bytes, view: viewOf(bytes) }, at);
  encodeRest({ plan, planned, form, inode: at }, bytes, behind);
}

function layoutOf(form: DataForm): keyof typeof LAYOUTS {
  return form.kind === "compressed" ? form.index : form.kind;
}

/** A file whose last bytes come right behind what is written here. */
export interface StreamedInode {
  readonly metadata: Metadata;
  readonly xattrs: PlannedXattrs;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** Bytes and their view. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Writes the inode and the attributes of a file that has one name, as far as is known.
 * @param start first of its whole blocks
 */
export function encodeStreamedInode(
  { metadata, xattrs, size }: StreamedInode,
  start: number,
  to: Encoded,
  at: number,
): void {
  const head: Head = {
    type: "file",
    metadata,
    links: 1,
    xattrs,
    form: "inline",
    size,
    word: start,
    compact: false,
  };
  encodeHead(head, to, at);
}

interface Head {
  readonly type: Inode["type"];
  readonly metadata: Metadata;
  readonly links: number;
  readonly xattrs: PlannedXattrs;
  readonly form: keyof typeof LAYOUTS;
  readonly size: number;
  /** i_u */
  readonly word: number;
  readonly compact: boolean;
}

/** Writes an inode and its attributes, and returns the byte behind them. */
function encodeHead(head: Head, { bytes, view }: Encoded, at: number): number {
  const { type, metadata, links, xattrs, form, size, word, compact } = head;
  const { mode, uid, gid, mtime } = metadata;
  const body = bodySize(xattrs);
  const version = compact ? EROFS_INODE_LAYOUT_COMPACT : EROFS_INODE_LAYOUT_EXTENDED;
  const inode = compact ? COMPACT_INODE : EXTENDED_INODE;
  inode.i_format.put(view, at, version | (LAYOUTS[form] << DATALAYOUT_SHIFT));
  inode.i_xattr_icount.put(view, at, xattrCount(body));
  inode.i_mode.put(view, at, MODE_TYPE[type] | mode);
  inode.i_nlink.put(view, at, links);
  inode.i_size.put(view, at, size);
  inode.i_u.put(view, at, word);
  inode.i_uid.put(view, at, uid);
  inode.i_gid.put(view, at, gid);
  if (!compact) {
    EXTENDED_INODE.i_mtime.put(view, at, mtime.seconds);
    EXTENDED_INODE.i_mtime_nsec.put(view, at, mtime.nanoseconds);
  }
  const behind = at + (compact ? COMPACT_INODE_SIZE : EXTENDED_INODE_SIZE);
  encodeBody(xattrs, bytes, behind);
  return behind + body;
}

/** Bytes of the data. */
export function sizeOf({ node, directory }: PlannedInode): number {
  if (directory !== undefined) return directory.size;
  if (node.type === "file") return node.size;
  return node.type === "symlink" ? node.target.length : 0;
}

/** @param placed first block of data that is not contents */
function dataWord({ node }: PlannedInode, form: DataForm, placed: number | undefined): number {
  if (node.type === "char" || node.type === "block") return encodeDevice(node);
  if (form.kind === "chunks") return form.bits;
  if (form.kind === "compressed") return form.blocks;
  if (form.kind === "plain" && form.start !== undefined) return form.start;
  return placed ?? NO_BLOCK;
}

/** As new_encode_dev (include/linux/kdev_t.h). */
function encodeDevice({ major, minor }: DeviceNode): number {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

interface Rest {
  readonly plan: ErofsPlan;
  readonly planned: PlannedInode;
  readonly form: DataForm;
  /** Byte that the inode begins with. */
  readonly inode: number;
}

/** Map of chunks or clusters, or the data that is inline. */
function encodeRest({ plan, planned, form, inode }: Rest, bytes: Uint8Array, at: number): void {
  if (form.kind === "chunks") encodeChunks(planned, form, viewOf(bytes), at);
  else if (form.kind === "compressed") encodeClusterMap(form, viewOf(bytes), inode, at - inode);
  else if (form.kind === "inline") {
    encodeData(plan, planned, form.blocks, bytes.subarray(at, at + form.tail));
  }
}

function encodeChunks(
  planned: PlannedInode,
  { bits, extents }: DataForm & { readonly kind: "chunks" },
  view: DataView,
  at: number,
): void {
  const count = chunkCount(Math.ceil(sizeOf(planned) / BLOCK_SIZE), bits);
  const blocks = 2 ** bits;
  for (let chunk = 0; chunk < count; chunk++) {
    BLOCK_MAP_ENTRY.startblk.put(view, at + chunk * BLOCK_MAP_ENTRY_SIZE, NULL_BLOCK);
  }
  for (const { logical, physical, length } of extents) {
    for (let done = 0; done < length; done += blocks) {
      const chunk = (logical + done) / blocks;
      BLOCK_MAP_ENTRY.startblk.put(view, at + chunk * BLOCK_MAP_ENTRY_SIZE, physical + done);
    }
  }
}

/** Fills `bytes` with the data of an inode that is not contents, from its block `first` on. */
export function encodeData(plan: ErofsPlan, planned: PlannedInode, first: number, bytes: Uint8Array): void {
  const { node, directory } = planned;
  if (node.type === "symlink") {
    bytes.set(Buffer.from(node.target.slice(first * BLOCK_SIZE), "latin1"));
  } else if (directory !== undefined) {
    for (let at = 0; at < bytes.length; at += BLOCK_SIZE) {
      encodeEntries(plan, directory, first + at / BLOCK_SIZE, bytes.subarray(at, at + BLOCK_SIZE));
    }
  }
}
