/** Images of files that are compressed in ways which no mkfs.erofs of every distribution knows, made by hand. */
import { crc32cRegister } from "../../../../src/blocks/crc32c.ts";
import { encode, viewOf } from "../../../../src/blocks/field.ts";
import {
  LCLUSTER_INDEX,
  LCLUSTER_INDEX_SIZE,
  LCLUSTER_TYPE,
  MAP_HEADER,
} from "../../../../src/filesystem/erofs/format/compression.ts";
import { DIRENT, DIRENT_SIZE, FILE_TYPE } from "../../../../src/filesystem/erofs/format/directory.ts";
import { COMPAT, INCOMPAT } from "../../../../src/filesystem/erofs/format/features.ts";
import {
  DATALAYOUT,
  DATALAYOUT_SHIFT,
  EXTENDED_INODE,
} from "../../../../src/filesystem/erofs/format/inode.ts";
import {
  EROFS_SUPER_MAGIC_V1,
  SUPERBLOCK,
  SUPERBLOCK_OFFSET,
} from "../../../../src/filesystem/erofs/format/superblock.ts";

const BLOCK = 4096;
const SLOT = 32;
/** Room for one inode and its index. */
const SLOTS_PER_INODE = 32;
const ROOT_NID = SLOTS_PER_INODE;

/** Some blocks of a file, from its block `first` on, and what they are stored as. */
export interface Cluster {
  readonly blocks: number;
  readonly type: keyof typeof LCLUSTER_TYPE;
  /** In one block, at its end; at its beginning if it is plain. */
  readonly stored: Uint8Array;
}

export interface MadeFile {
  readonly name: string;
  readonly size: number;
  readonly clusters: readonly Cluster[];
  /** Of MAP_HEADER. */
  readonly header: Readonly<Partial<Record<keyof typeof MAP_HEADER, number>>>;
  /** Behind the inode, as they are on disk. */
  readonly xattrs?: Uint8Array;
  readonly isPacked?: boolean;
}

interface Extra {
  readonly compat?: number;
  readonly incompat?: number;
  readonly algorithms: number;
  /** What each algorithm is configured by, in order: lengths and bytes. */
  readonly configurations: Uint8Array;
  readonly prefixes?: { readonly count: number; readonly bytes: Uint8Array };
}

/** A root directory with the files in it; the names have to be in order. Block 0 the superblock, 1 the root's names. */
export function madeImage(files: readonly MadeFile[], extra: Extra): Uint8Array {
  const inodes = new Uint8Array(Math.ceil(((files.length + 2) * SLOTS_PER_INODE * SLOT) / BLOCK) * BLOCK);
  const data: Uint8Array[] = [];
  const firstData = 2 + inodes.length / BLOCK;
  const names = files.filter(({ isPacked }) => isPacked !== true);
  const directory = directoryBlock(names.map(({ name }) => ({ name, nid: nidOf(files, name) })));
  putInode(inodes, ROOT_NID, {
    i_format: (DATALAYOUT.FLAT_PLAIN << DATALAYOUT_SHIFT) | 1,
    i_mode: 0o40755,
    i_size: directory.length,
    i_u: 1,
    i_nlink: 2,
  });
  for (const file of files) putFile(inodes, file, nidOf(files, file.name), { data, firstData });
  const packed = files.find(({ isPacked }) => isPacked === true);
  const head = new Uint8Array(BLOCK);
  const { compat = 0, incompat = 0, algorithms, configurations, prefixes } = extra;
  const prefixesAt = 2048;
  head.set(configurations, SUPERBLOCK_OFFSET + 128);
  if (prefixes !== undefined) head.set(prefixes.bytes, prefixesAt);
  encode(SUPERBLOCK, viewOf(head), SUPERBLOCK_OFFSET, {
    magic: EROFS_SUPER_MAGIC_V1,
    feature_compat: COMPAT.sb_chksum | compat,
    feature_incompat: INCOMPAT.lz4_0padding | INCOMPAT.compr_cfgs | incompat,
    blkszbits: 12,
    root_nid: ROOT_NID,
    inos: files.length + 1,
    blocks: firstData + data.length,
    meta_blkaddr: 2,
    available_compr_algs: algorithms,
    packed_nid: packed === undefined ? 0 : nidOf(files, packed.name),
    xattr_prefix_count: prefixes?.count ?? 0,
    xattr_prefix_start: prefixes === undefined ? 0 : prefixesAt / 4,
  });
  const sum = crc32cRegister(0xffffffff, head.subarray(SUPERBLOCK_OFFSET));
  SUPERBLOCK.checksum.put(viewOf(head), SUPERBLOCK_OFFSET, sum);
  const second = new Uint8Array(BLOCK);
  second.set(directory);
  return new Uint8Array(Buffer.concat([head, second, inodes, ...data]));
}

function nidOf(files: readonly MadeFile[], name: string): number {
  return (files.findIndex((file) => file.name === name) + 2) * SLOTS_PER_INODE;
}

interface Data {
  readonly data: Uint8Array[];
  readonly firstData: number;
}

function putFile(inodes: Uint8Array, file: MadeFile, nid: number, { data, firstData }: Data): void {
  const { size, clusters, header, xattrs = new Uint8Array() } = file;
  putInode(inodes, nid, {
    i_format: (DATALAYOUT.COMPRESSED_FULL << DATALAYOUT_SHIFT) | 1,
    i_mode: 0o100644,
    i_size: size,
    i_u: clusters.length,
    i_nlink: 1,
    i_xattr_icount: xattrs.length === 0 ? 0 : (xattrs.length - 12) / 4 + 1,
  });
  inodes.set(xattrs, nid * SLOT + 64);
  const view = viewOf(inodes);
  const headerAt = Math.ceil((nid * SLOT + 64 + xattrs.length) / 8) * 8;
  encode(MAP_HEADER, view, headerAt, header);
  let at = headerAt + 16;
  for (const { blocks, type, stored } of clusters) {
    const block = new Uint8Array(BLOCK);
    block.set(stored, type === "PLAIN" ? 0 : BLOCK - stored.length);
    const blkaddr = firstData + data.length;
    if (stored.length > 0) data.push(block);
    for (let i = 0; i < blocks; i++, at += LCLUSTER_INDEX_SIZE) {
      if (i === 0) encode(LCLUSTER_INDEX, view, at, { di_advise: LCLUSTER_TYPE[type], blkaddr });
      else
        encode(LCLUSTER_INDEX, view, at, {
          di_advise: LCLUSTER_TYPE.NONHEAD,
          delta_0: i,
          delta_1: blocks - i,
        });
    }
    // Of what is in the packed inode the head's block is the upper half of where.
    if (stored.length === 0) LCLUSTER_INDEX.blkaddr.put(view, at - blocks * LCLUSTER_INDEX_SIZE, 0);
  }
}

function putInode(
  inodes: Uint8Array,
  nid: number,
  fields: Partial<Record<keyof typeof EXTENDED_INODE, number>>,
): void {
  encode(EXTENDED_INODE, viewOf(inodes), nid * SLOT, { i_ino: nid, i_mtime: 1_600_000_000, ...fields });
}

function directoryBlock(files: readonly { readonly name: string; readonly nid: number }[]): Uint8Array {
  const entries = [
    { name: ".", nid: ROOT_NID, file_type: FILE_TYPE.directory },
    { name: "..", nid: ROOT_NID, file_type: FILE_TYPE.directory },
    ...files.map(({ name, nid }) => ({ name, nid, file_type: FILE_TYPE.file })),
  ];
  const names = entries.reduce((sum, { name }) => sum + name.length, 0);
  const block = new Uint8Array(entries.length * DIRENT_SIZE + names);
  let nameoff = entries.length * DIRENT_SIZE;
  for (const [i, { name, nid, file_type }] of entries.entries()) {
    encode(DIRENT, viewOf(block), i * DIRENT_SIZE, { nid, nameoff, file_type });
    block.set(Buffer.from(name), nameoff);
    nameoff += name.length;
  }
  return block;
}
