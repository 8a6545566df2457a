import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { high32, viewOf } from "../../../blocks/field.ts";
import { PIECE_BLOCKS, type Piece } from "../../../blocks/piece-buffer.ts";
import { crc, crcOfNumber } from "../format/checksum.ts";
import { DESCRIPTOR_SIZE, GROUP_DESCRIPTOR } from "../format/group-descriptor.ts";
import type { BitmapChecksums } from "./emit-bitmaps.ts";
import { BLOCKS_PER_GROUP, superblockGroups } from "./geometry.ts";
import type { Ext4Plan } from "./plan.ts";

/** The group descriptors, after each superblock: a piece is made once and goes to every place. */
export function* emitDescriptors(
  plan: Ext4Plan,
  checksums: BitmapChecksums,
  seed: number | undefined,
): Generator<Piece> {
  const { descriptorSize } = plan.variant;
  const perPiece = (PIECE_BLOCKS * BLOCK_SIZE) / descriptorSize;
  const copies = superblockGroups(plan.groups);
  for (let first = 0; first < plan.groups; first += perPiece) {
    const count = Math.min(plan.groups - first, perPiece);
    const bytes = encodeDescriptors(plan, checksums, seed, { first, count });
    for (const group of copies) {
      const position = (group * BLOCKS_PER_GROUP + 1) * BLOCK_SIZE + first * descriptorSize;
      yield { position, bytes };
    }
  }
}

/** Descriptors of consecutive groups, in whole blocks. */
function encodeDescriptors(
  plan: Ext4Plan,
  checksums: BitmapChecksums,
  seed: number | undefined,
  { first, count }: { readonly first: number; readonly count: number },
): Uint8Array {
  const size = plan.variant.descriptorSize;
  const bytes = new Uint8Array(Math.ceil((count * size) / BLOCK_SIZE) * BLOCK_SIZE);
  const view = viewOf(bytes);
  for (let i = 0; i < count; i++) {
    const at = i * size;
    const group = first + i;
    encodePlaces(plan, group, view, at);
    encodeCounts(plan, group, view, at);
    if (seed === undefined) continue;
    encodeBitmapChecksums(checksums, group, view, at);
    const checksum = crc(crcOfNumber(seed, group), bytes.subarray(at, at + size));
    GROUP_DESCRIPTOR.bg_checksum.put(view, at, checksum);
  }
  return bytes;
}

function encodePlaces({ placement, variant }: Ext4Plan, group: number, view: DataView, at: number): void {
  const blockBitmap = placement.blockBitmaps[group] ?? 0;
  const inodeBitmap = placement.inodeBitmaps[group] ?? 0;
  const inodeTable = placement.inodeTables[group] ?? 0;
  GROUP_DESCRIPTOR.bg_block_bitmap_lo.put(view, at, blockBitmap);
  GROUP_DESCRIPTOR.bg_inode_bitmap_lo.put(view, at, inodeBitmap);
  GROUP_DESCRIPTOR.bg_inode_table_lo.put(view, at, inodeTable);
  if (variant.descriptorSize < DESCRIPTOR_SIZE) return;
  GROUP_DESCRIPTOR.bg_block_bitmap_hi.put(view, at, high32(blockBitmap));
  GROUP_DESCRIPTOR.bg_inode_bitmap_hi.put(view, at, high32(inodeBitmap));
  GROUP_DESCRIPTOR.bg_inode_table_hi.put(view, at, high32(inodeTable));
}

/** The upper halves of counts stay 0: a group has at most 32,768 blocks and inodes. */
function encodeCounts(
  { statistics, placement, variant }: Ext4Plan,
  group: number,
  view: DataView,
  at: number,
): void {
  const freeInodes = placement.layout.inodesPerGroup - (statistics.usedInodes[group] ?? 0);
  GROUP_DESCRIPTOR.bg_free_blocks_count_lo.put(view, at, statistics.freeBlocks[group] ?? 0);
  GROUP_DESCRIPTOR.bg_free_inodes_count_lo.put(view, at, freeInodes);
  GROUP_DESCRIPTOR.bg_used_dirs_count_lo.put(view, at, statistics.usedDirectories[group] ?? 0);
  // Which inodes were never in use counts only where a checksum vouches for it.
  if (variant.checksums) GROUP_DESCRIPTOR.bg_itable_unused_lo.put(view, at, freeInodes);
  GROUP_DESCRIPTOR.bg_flags.put(view, at, statistics.flags[group] ?? 0);
}

function encodeBitmapChecksums(
  { blocks, inodes }: BitmapChecksums,
  group: number,
  view: DataView,
  at: number,
): void {
  GROUP_DESCRIPTOR.bg_block_bitmap_csum_lo.put(view, at, blocks[group] ?? 0);
  GROUP_DESCRIPTOR.bg_block_bitmap_csum_hi.put(view, at, (blocks[group] ?? 0) >>> 16);
  GROUP_DESCRIPTOR.bg_inode_bitmap_csum_lo.put(view, at, inodes[group] ?? 0);
  GROUP_DESCRIPTOR.bg_inode_bitmap_csum_hi.put(view, at, (inodes[group] ?? 0) >>> 16);
}
