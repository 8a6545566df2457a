/** Files in runs of equal lengths, which may be holes. */

import { type NumberField, viewOf } from "../../../blocks/field.ts";
import type { Paused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import {
  BLOCK_MAP_ENTRY,
  BLOCK_MAP_ENTRY_SIZE,
  CHUNK_INDEX,
  CHUNK_INDEX_SIZE,
  EROFS_CHUNK_FORMAT_BLKBITS_MASK,
  EROFS_CHUNK_FORMAT_INDEXES,
  NULL_BLOCK,
} from "../format/chunk.ts";
import { broken } from "./broken.ts";
import type { FileExtent } from "./extent.ts";
import { unsupported } from "./features.ts";
import type { ErofsInode } from "./inode.ts";
import type { Volume } from "./volume.ts";

/** What of i_u is the form; the other half means nothing. */
const FORMAT_MASK = 0xffff;
const KNOWN_FORMAT = EROFS_CHUNK_FORMAT_BLKBITS_MASK | EROFS_CHUNK_FORMAT_INDEXES;
/** Items that are read at once. */
const BATCH = 1024;

/** The list of a file's chunks. */
export interface ChunkList {
  readonly chunkSize: number;
  readonly count: number;
  readonly itemSize: number;
  /** Byte of the image. */
  readonly position: number;
}

/** Throws E_INVALID_FILESYSTEM for a form that there is not, and for a list that the image does not hold. */
export function chunkList(volume: Volume, inode: ErofsInode): ChunkList {
  const where = inodeName(inode.number);
  const format = inode.union & FORMAT_MASK;
  if ((format & ~KNOWN_FORMAT) !== 0) {
    throw broken(where, `chunks of the form 0x${format.toString(16)} are unknown`);
  }
  const hasIndexes = (format & EROFS_CHUNK_FORMAT_INDEXES) !== 0;
  const itemSize = hasIndexes ? CHUNK_INDEX_SIZE : BLOCK_MAP_ENTRY_SIZE;
  const chunkSize = volume.blockSize * 2 ** (format & EROFS_CHUNK_FORMAT_BLKBITS_MASK);
  const count = Math.ceil(inode.size / chunkSize);
  const position = Math.ceil(inode.body / itemSize) * itemSize;
  volume.checkRange(position, count * itemSize, `${where}, the list of its chunks`);
  return { chunkSize, count, itemSize, position };
}

export function* chunkExtents(volume: Volume, inode: ErofsInode): Paused<FileExtent> {
  const { chunkSize, count, itemSize, position } = chunkList(volume, inode);
  const where = inodeName(inode.number);
  const startOf: NumberField =
    itemSize === CHUNK_INDEX_SIZE ? CHUNK_INDEX.startblk_lo : BLOCK_MAP_ENTRY.startblk;
  for (let first = 0; first < count; first += BATCH) {
    yield;
    const items = Math.min(BATCH, count - first);
    const view = viewOf(volume.metadata(position + first * itemSize, items * itemSize, where));
    for (let i = 0; i < items; i++) {
      const block = startOf.get(view, i * itemSize);
      if (block === NULL_BLOCK) continue;
      if (itemSize === CHUNK_INDEX_SIZE && CHUNK_INDEX.device_id.get(view, i * itemSize) !== 0) {
        throw unsupported(`${where} has contents on another device (device_table)`);
      }
      const offset = (first + i) * chunkSize;
      const length = Math.min(chunkSize, inode.size - offset);
      yield { kind: "stored", offset, length, position: block * volume.blockSize };
    }
  }
}
