/** Where the parts of a compressed file lie, each of which is decompressed by itself. */

import type { Paused } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { Z_EROFS_PCLUSTER_MAX_DSIZE } from "../../format/compression.ts";
import { broken } from "../broken.ts";
import type { FileExtent, StoredExtent } from "../extent.ts";
import type { ErofsInode } from "../inode.ts";
import type { Volume } from "../volume.ts";
import type { Cluster, ClusterIndex, Head } from "./cluster.ts";
import { compactIndex } from "./compact-index.ts";
import { fullIndex } from "./full-index.ts";
import { type MapHeader, readMapHeader } from "./map-header.ts";

/** Bytes of a pcluster (Z_EROFS_PCLUSTER_MAX_SIZE). */
const LARGEST_PCLUSTER = 2 ** 20;

/** All that an extent follows from, but its own head. */
interface File {
  readonly volume: Volume;
  readonly inode: ErofsInode;
  readonly where: string;
  readonly header: MapHeader;
  readonly index: ClusterIndex;
}

/** An extent that begins in cluster `number`. */
interface Begun {
  readonly head: Head;
  readonly number: number;
  /** Byte of the file. */
  readonly offset: number;
  /** The cluster behind that of its head. */
  next?: Cluster;
}

/** Throws E_INVALID_FILESYSTEM for an index that no kernel takes. */
export function* compressedExtents(volume: Volume, inode: ErofsInode): Paused<FileExtent> {
  const header = readMapHeader(volume, inode);
  if (header.fragment?.isWhole === true) {
    yield { kind: "fragment", offset: 0, length: inode.size, at: header.fragment.at };
    return;
  }
  const file = {
    volume,
    inode,
    where: inodeName(inode.number),
    header,
    index: indexOf(volume, inode, header),
  };
  let before: Begun | undefined;
  for (const begun of beginnings(file)) {
    if (begun === undefined) {
      yield;
      continue;
    }
    const isLast = begun.offset >= inode.size;
    if (before !== undefined) yield* extentOf(file, before, Math.min(begun.offset, inode.size), isLast);
    // What begins behind the file's end only tells where the extent before ends.
    before = isLast ? undefined : begun;
  }
  if (before !== undefined) yield* extentOf(file, before, inode.size, true);
}

/** The byte of the image behind all that tells where the contents are. */
export function compressedIndexEnd(volume: Volume, inode: ErofsInode): number {
  const header = readMapHeader(volume, inode);
  return header.fragment?.isWhole === true ? header.end : indexOf(volume, inode, header).end;
}

function indexOf(volume: Volume, inode: ErofsInode, header: MapHeader): ClusterIndex {
  const read = inode.layout === "COMPRESSED_FULL" ? fullIndex : compactIndex;
  return read(volume, header, Math.ceil(inode.size / header.clusterSize), inodeName(inode.number));
}

/** Each extent's beginning, when the next one's is reached. */
function* beginnings({ header, index, where }: File): Paused<Begun> {
  const { clusterSize } = header;
  let number = 0;
  let before: Begun | undefined;
  for (const cluster of index.clusters) {
    if (cluster === undefined) {
      yield;
      continue;
    }
    if (before?.number === number - 1) before.next = cluster;
    if (cluster.type !== "NONHEAD") {
      if (cluster.clusterofs >= clusterSize) throw broken(where, `cluster ${number} begins past its end`);
      const begun = { head: cluster, number, offset: number * clusterSize + cluster.clusterofs };
      if (before === undefined && begun.offset > 0) throw broken(where, "nothing is said of its first bytes");
      yield begun;
      before = begun;
    } else if (before === undefined)
      throw broken(where, "its first cluster is of an extent that does not begin");
    number++;
  }
}

/** The extent from where it begins to byte `end` of the file. */
function* extentOf(file: File, begun: Begun, end: number, isLast: boolean): Generator<FileExtent> {
  const { header, where } = file;
  const { head, offset } = begun;
  const length = end - offset;
  if (isLast && header.fragment !== undefined) {
    // Of a full index, the head's block is the upper half.
    const high = file.inode.layout === "COMPRESSED_FULL" ? head.block * 2 ** 32 : 0;
    yield { kind: "fragment", offset, length, at: high + header.fragment.at };
    return;
  }
  const isInline = isLast && header.inlineSize > 0;
  const { position, size } = isInline ? inlineTail(file) : pcluster(file, begun);
  if (head.type === "PLAIN") {
    if (length > size) throw broken(where, `an extent of ${length} bytes would be stored in ${size}`);
    yield* storedExtents(file, { kind: isInline ? "inline" : "stored", offset, length, position }, size);
    return;
  }
  if (length > Z_EROFS_PCLUSTER_MAX_DSIZE) throw broken(where, `an extent of ${length} bytes is too long`);
  const algorithm = header.algorithms[head.type === "HEAD1" ? 0 : 1];
  yield { kind: "compressed", offset, length, position, size, algorithm, isInline };
}

/** The bytes behind the index. */
function inlineTail({ volume, header, index, where }: File): { position: number; size: number } {
  const size = header.inlineSize;
  if ((index.end % volume.blockSize) + size > volume.blockSize) {
    throw broken(where, `its last ${size} compressed bytes would lie over a block's end`);
  }
  return { position: index.end, size };
}

function pcluster(file: File, begun: Begun): { position: number; size: number } {
  const { blockSize } = file.volume;
  const size = pclusterBlocks(file, begun) * blockSize;
  if (size > LARGEST_PCLUSTER) throw broken(file.where, `${size} bytes for one extent are too many`);
  return { position: begun.head.block * blockSize, size };
}

/** As many as the cluster behind the head tells; one where it cannot (z_erofs_get_extent_compressedlen). */
function pclusterBlocks({ volume, inode, header, where }: File, { head, number, next }: Begun): number {
  const isBig = header.isBig[head.type === "HEAD2" ? 1 : 0];
  if (!isBig || next === undefined || (number + 1) * header.clusterSize >= inode.size) return 1;
  if (next.type !== "NONHEAD") return header.clusterSize / volume.blockSize;
  const { pclusterBlocks: blocks } = next;
  if (blocks === undefined || blocks === 0)
    throw broken(where, `the pcluster of cluster ${number} has no size`);
  return blocks;
}

/** Interlaced, what is up to the next multiple of a block comes last, as it lies in the file's own first block. */
function* storedExtents(
  { volume, header }: File,
  extent: StoredExtent,
  size: number,
): Generator<StoredExtent> {
  if (!header.isInterlaced) {
    yield extent;
    return;
  }
  const { kind, offset, length, position } = extent;
  const first = volume.blockSize - (offset % volume.blockSize);
  yield { kind, offset, length: Math.min(first, length), position: position + size - first };
  if (length > first) yield { kind, offset: offset + first, length: length - first, position };
}
