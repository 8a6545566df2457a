/** The packed inode: what the ends of many files, or small files, are put together in (fragments). */

import type { Steps } from "../../../waiting/steps.ts";
import { broken } from "./broken.ts";
import { decompressed } from "./compressed/decompress.ts";
import type { FileExtent, Fragment } from "./extent.ts";
import { fileExtents } from "./extents.ts";
import { type ErofsInode, readInode } from "./inode.ts";
import type { Volume } from "./volume.ts";

type PackedExtent = Exclude<FileExtent, Fragment>;

const WHERE = "packed inode";

/** What is known of a filesystem's packed inode: where its extents are, and the bytes of the one that was read last. */
interface Packed {
  readonly inode: ErofsInode;
  readonly extents: readonly PackedExtent[];
  last: { readonly extent: PackedExtent; readonly bytes: Uint8Array } | undefined;
}

const known = new WeakMap<Volume, Packed>();

/** Bytes of all of it. Throws E_INVALID_FILESYSTEM if there is none. */
export function packedSize(volume: Volume): number {
  return packedInode(volume).size;
}

/** `length` bytes from byte `from` on, holes as zeros. Throws E_INVALID_FILESYSTEM if there are not as many. */
export function* packedBytes(volume: Volume, from: number, length: number): Steps<Uint8Array> {
  const packed = known.get(volume) ?? (yield* openPacked(volume));
  known.set(volume, packed);
  if (from + length > packed.inode.size) throw broken(WHERE, `it ends before byte ${from + length}`);
  const bytes = new Uint8Array(length);
  for (let i = firstBehind(packed.extents, from); ; i++) {
    const extent = packed.extents[i];
    if (extent === undefined || extent.offset >= from + length) return bytes;
    yield;
    const begin = Math.max(from - extent.offset, 0);
    const end = Math.min(from + length - extent.offset, extent.length);
    bytes.set(partOf(volume, packed, extent, begin, end), extent.offset + begin - from);
  }
}

function packedInode(volume: Volume): ErofsInode {
  const { packed_nid } = volume.superblock.fields;
  if (!volume.has("fragments") || packed_nid === 0) throw broken(WHERE, "there is none");
  const inode = readInode(volume, packed_nid);
  if (inode.type !== "file") throw broken(WHERE, "it is no file");
  return inode;
}

function* openPacked(volume: Volume): Steps<Packed> {
  const inode = packedInode(volume);
  const extents: PackedExtent[] = [];
  for (const extent of fileExtents(volume, inode)) {
    yield;
    if (extent?.kind === "fragment") throw broken(WHERE, "a part of it would be in itself");
    if (extent !== undefined) extents.push(extent);
  }
  return { inode, extents, last: undefined };
}

/** The place of the first extent that ends behind byte `at`. */
function firstBehind(extents: readonly PackedExtent[], at: number): number {
  let [low, high] = [0, extents.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { offset = 0, length = 0 } = extents[middle] ?? {};
    if (offset + length > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Bytes `begin` to `end` of an extent. */
function partOf(
  volume: Volume,
  packed: Packed,
  extent: PackedExtent,
  begin: number,
  end: number,
): Uint8Array {
  if (extent.kind !== "compressed") {
    volume.checkRange(extent.position + begin, end - begin, WHERE);
    return volume.image.read(extent.position + begin, end - begin);
  }
  if (packed.last?.extent !== extent) {
    packed.last = { extent, bytes: decompressed(volume, extent, WHERE) };
  }
  return packed.last.bytes.subarray(begin, end);
}
