import { clearBits } from "../../../blocks/bits.ts";
import { type Piece, PieceBuffer } from "../../../blocks/piece-buffer.ts";
import type { RunSet } from "../../../blocks/runs.ts";
import { crc } from "../format/checksum.ts";
import { EXT4_BG_BLOCK_UNINIT, EXT4_BG_INODE_UNINIT } from "../format/group-descriptor.ts";
import { BLOCKS_PER_GROUP } from "./geometry.ts";
import type { Ext4Plan } from "./plan.ts";

/** For each group the checksum of its bitmap; 0 where the bitmap is not on disk, and without checksums. */
export interface BitmapChecksums {
  readonly blocks: Uint32Array;
  readonly inodes: Uint32Array;
}

/** The bitmaps of groups that need one on disk; returns their checksums for the descriptors. */
export function* emitBitmaps(plan: Ext4Plan, seed: number | undefined): Generator<Piece, BitmapChecksums> {
  const buffer = new PieceBuffer();
  const blocks = yield* emitBlockBitmaps(plan, seed, buffer);
  const inodes = yield* emitInodeBitmaps(plan, seed, buffer);
  return { blocks, inodes };
}

function* emitBlockBitmaps(
  { placement: { free, blockBitmaps }, statistics, groups }: Ext4Plan,
  seed: number | undefined,
  buffer: PieceBuffer,
): Generator<Piece, Uint32Array> {
  const checksums = new Uint32Array(groups);
  let run = 0;
  for (let group = 0; group < groups; group++) {
    while ((free.ends[run] ?? Number.POSITIVE_INFINITY) <= group * BLOCKS_PER_GROUP) run++;
    if (((statistics.flags[group] ?? 0) & EXT4_BG_BLOCK_UNINIT) !== 0) continue;
    const place = blockBitmaps[group] ?? 0;
    if (!buffer.accepts(place)) yield* buffer.take();
    const bitmap = fillBlockBitmap(buffer.add(place), free, run, group);
    if (seed !== undefined) checksums[group] = crc(seed, bitmap);
  }
  yield* buffer.take();
  return checksums;
}

function* emitInodeBitmaps(
  { placement: { layout, inodeBitmaps }, statistics, groups }: Ext4Plan,
  seed: number | undefined,
  buffer: PieceBuffer,
): Generator<Piece, Uint32Array> {
  const checksums = new Uint32Array(groups);
  const { inodesPerGroup } = layout;
  for (let group = 0; group < groups; group++) {
    if (((statistics.flags[group] ?? 0) & EXT4_BG_INODE_UNINIT) !== 0) continue;
    const place = inodeBitmaps[group] ?? 0;
    if (!buffer.accepts(place)) yield* buffer.take();
    const bitmap = fillInodeBitmap(buffer.add(place), statistics.usedInodes[group] ?? 0, inodesPerGroup);
    // Unlike a block bitmap's, the checksum covers only the inodes there are (ext4_inode_bitmap_csum_set).
    if (seed !== undefined) checksums[group] = crc(seed, bitmap.subarray(0, inodesPerGroup / 8));
  }
  yield* buffer.take();
  return checksums;
}

/** All bits set but those of free blocks; that leaves those past the filesystem's end set, as they must be. */
function fillBlockBitmap(bitmap: Uint8Array, free: RunSet, firstRun: number, group: number): Uint8Array {
  bitmap.fill(0xff);
  const start = group * BLOCKS_PER_GROUP;
  const end = start + BLOCKS_PER_GROUP;
  for (let run = firstRun; (free.starts[run] ?? Number.POSITIVE_INFINITY) < end; run++) {
    const from = Math.max(free.starts[run] ?? 0, start) - start;
    const to = Math.min(free.ends[run] ?? 0, end) - start;
    clearBits(bitmap, from, to);
  }
  return bitmap;
}

/** Bits of the first `used` inodes set, and those that stand for no inode. */
function fillInodeBitmap(bitmap: Uint8Array, used: number, inodesPerGroup: number): Uint8Array {
  bitmap.fill(0xff);
  clearBits(bitmap, used, inodesPerGroup);
  return bitmap;
}
