/** Bitmaps of added groups, and what their descriptors say. */
import { clearBits } from "../../../blocks/bits.ts";
import { encode, high32, viewOf } from "../../../blocks/field.ts";
import { crc } from "../format/checksum.ts";
import {
  DESCRIPTOR_SIZE,
  EXT4_BG_BLOCK_UNINIT,
  EXT4_BG_INODE_UNINIT,
  EXT4_BG_INODE_ZEROED,
  GROUP_DESCRIPTOR,
} from "../format/group-descriptor.ts";
import { blocksIn, descriptorChecksum } from "../read/group-descriptor.ts";
import type { Superblock } from "../read/superblock.ts";
import type { NewGroup } from "./new-groups.ts";
import type { Write } from "./write.ts";

/** Groups whose bitmaps are brought into the order of their places. */
const BATCH = 256;

/** The bitmaps that must be on the disk: none of a group that the kernel can make up, where a checksum vouches for it. */
export function* newBitmaps(grown: Superblock, groups: readonly NewGroup[]): Generator<Write> {
  for (let from = 0; from < groups.length; from += BATCH) {
    const writes = groups.slice(from, from + BATCH).flatMap((group) => bitmapsOf(grown, group));
    yield* writes.sort((a, b) => a.position - b.position);
  }
}

function bitmapsOf(grown: Superblock, group: NewGroup): Write[] {
  const flags = flagsOf(grown, group);
  const write = (block: number, bytes: Uint8Array) => ({ position: block * grown.blockSize, bytes });
  return [
    ...((flags & EXT4_BG_BLOCK_UNINIT) === 0 ? [write(group.blockBitmap, blockBitmap(grown, group))] : []),
    ...((flags & EXT4_BG_INODE_UNINIT) === 0 ? [write(group.inodeBitmap, inodeBitmap(grown))] : []),
  ];
}

/** The descriptor of an added group, in as many bytes as the filesystem's have. */
export function newDescriptor(grown: Superblock, group: NewGroup): Uint8Array {
  const { inodesPerGroup, descriptorSize, seed } = grown;
  const bytes = new Uint8Array(Math.max(descriptorSize, DESCRIPTOR_SIZE));
  const view = viewOf(bytes);
  const flags = flagsOf(grown, group);
  const free = freeClusters(grown, group);
  const unused = hasChecksums(grown) ? inodesPerGroup : 0;
  encode(GROUP_DESCRIPTOR, view, 0, {
    bg_block_bitmap_lo: group.blockBitmap,
    bg_block_bitmap_hi: high32(group.blockBitmap),
    bg_inode_bitmap_lo: group.inodeBitmap,
    bg_inode_bitmap_hi: high32(group.inodeBitmap),
    bg_inode_table_lo: group.inodeTable,
    bg_inode_table_hi: high32(group.inodeTable),
    bg_free_blocks_count_lo: free,
    bg_free_blocks_count_hi: free >>> 16,
    bg_free_inodes_count_lo: inodesPerGroup,
    bg_free_inodes_count_hi: inodesPerGroup >>> 16,
    bg_itable_unused_lo: unused,
    bg_itable_unused_hi: unused >>> 16,
    bg_flags: flags,
  });
  if (grown.features.has("metadata_csum")) {
    if ((flags & EXT4_BG_BLOCK_UNINIT) === 0) putBlockBitmapChecksum(grown, view, blockBitmap(grown, group));
    if ((flags & EXT4_BG_INODE_UNINIT) === 0) {
      const checksum = crc(seed, inodeBitmap(grown).subarray(0, inodesPerGroup / 8));
      GROUP_DESCRIPTOR.bg_inode_bitmap_csum_lo.put(view, 0, checksum);
      GROUP_DESCRIPTOR.bg_inode_bitmap_csum_hi.put(view, 0, checksum >>> 16);
    }
  }
  return sealedDescriptor(grown, group.group, bytes.subarray(0, descriptorSize));
}

/** Puts the checksum of a block bitmap, which covers as many bits as a group has clusters. */
export function putBlockBitmapChecksum(grown: Superblock, view: DataView, bitmap: Uint8Array): void {
  const checksum = blockBitmapChecksum(grown, bitmap);
  GROUP_DESCRIPTOR.bg_block_bitmap_csum_lo.put(view, 0, checksum);
  if (view.byteLength >= DESCRIPTOR_SIZE) {
    GROUP_DESCRIPTOR.bg_block_bitmap_csum_hi.put(view, 0, checksum >>> 16);
  }
}

export function blockBitmapChecksum(
  { seed, blocksPerGroup, blocksPerCluster }: Superblock,
  bitmap: Uint8Array,
): number {
  return crc(seed, bitmap.subarray(0, blocksPerGroup / blocksPerCluster / 8));
}

/** The descriptor with its checksum, if it is to have one. */
export function sealedDescriptor(superblock: Superblock, group: number, bytes: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(bytes);
  const checksum = descriptorChecksum(superblock, group, sealed);
  if (checksum !== undefined) GROUP_DESCRIPTOR.bg_checksum.put(viewOf(sealed), 0, checksum);
  return sealed;
}

/** Clusters in use of an added group, and clusters that it has left. */
export function usedClusters({ blocksPerCluster }: Superblock, { used }: NewGroup): number {
  return Math.ceil(used / blocksPerCluster);
}

export function freeClusters(grown: Superblock, group: NewGroup): number {
  return clustersIn(grown, group.group) - usedClusters(grown, group);
}

/** Bits of the group's block bitmap. */
export function clustersIn(superblock: Superblock, group: number): number {
  return Math.ceil(blocksIn(superblock, group) / superblock.blocksPerCluster);
}

/** Whether checksums of descriptors vouch for what their flags say. */
export function hasChecksums({ features }: Superblock): boolean {
  return features.has("metadata_csum") || features.has("uninit_bg");
}

/** The last group's block bitmap says where the filesystem ends; one of clusters may have parts of a cluster in use. */
function flagsOf(grown: Superblock, { group, ownOnly }: NewGroup): number {
  if (!hasChecksums(grown)) return 0;
  const madeUp = ownOnly && group < grown.groups - 1 && grown.blocksPerCluster === 1;
  return EXT4_BG_INODE_ZEROED | EXT4_BG_INODE_UNINIT | (madeUp ? EXT4_BG_BLOCK_UNINIT : 0);
}

function blockBitmap(grown: Superblock, group: NewGroup): Uint8Array {
  const bitmap = new Uint8Array(grown.blockSize).fill(0xff);
  clearBits(bitmap, usedClusters(grown, group), clustersIn(grown, group.group));
  return bitmap;
}

function inodeBitmap({ blockSize, inodesPerGroup }: Superblock): Uint8Array {
  const bitmap = new Uint8Array(blockSize).fill(0xff);
  clearBits(bitmap, 0, inodesPerGroup);
  return bitmap;
}
