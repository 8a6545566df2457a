/**
 * The resize inode (feature resize_inode) owns the blocks that are reserved for descriptors: its block of pointers to
 * blocks of pointers names those behind the first superblock, and each of these the blocks of its number behind the
 * backups (ext2fs_create_resize_inode, e2fsprogs lib/ext2fs/res_gdt.c).
 */
import { viewOf } from "../../../blocks/field.ts";
import { EXT4_RESIZE_INO, INODE } from "../format/inode.ts";
import { broken } from "../read/broken.ts";
import { hasSuperblock } from "../read/group-descriptor.ts";
import { readInode, sealedInode } from "../read/inode.ts";
import type { Superblock } from "../read/superblock.ts";
import type { Volume } from "../read/volume.ts";
import { descriptorBlocks } from "./geometry.ts";
import { unsupported } from "./growable.ts";
import type { OldGroups } from "./old-groups.ts";
import type { Write } from "./write.ts";

const WHERE = "resize inode";
/** The pointer in i_block to the block of pointers to blocks of pointers. */
const DOUBLE_INDIRECT = 13 * 4;
const POINTER_SIZE = 4;
/** What i_blocks counts by. */
const SECTOR_SIZE = 512;

/**
 * What is written of it for `grown`; nothing where there is none. Where no room is left in its blocks, the feature goes,
 * and its block of pointers is given back. Throws E_INVALID_FILESYSTEM if it is not as it must be.
 */
export function resizeInodeWrites(volume: Volume, grown: Superblock, groups: OldGroups): readonly Write[] {
  const { superblock } = volume;
  if (!superblock.features.has("resize_inode")) return [];
  if (superblock.blocksPerCluster > 1)
    throw unsupported("it has both the features bigalloc and resize_inode");
  const { bytes: inode } = readInode(volume, EXT4_RESIZE_INO);
  const pointers = INODE.i_block.offset + DOUBLE_INDIRECT;
  const block = viewOf(inode).getUint32(pointers, true);
  if (!namesNoOthers(volume.block(block, WHERE), pointersTo(superblock))) {
    throw broken(WHERE, "it does not have the blocks that are reserved for descriptors");
  }
  if (!grown.features.has("resize_inode")) {
    groups.free(block);
    return [inodeWrite(volume, new Uint8Array(inode.length))];
  }
  const changed = new Uint8Array(inode);
  INODE.i_blocks_lo.put(viewOf(changed), 0, sectorsOf(grown));
  const position = block * superblock.blockSize;
  return [
    { position, bytes: pointersTo(grown) },
    ...reservedBlocks(grown),
    inodeWrite(volume, sealedInode(volume, EXT4_RESIZE_INO, changed)),
  ];
}

function inodeWrite(volume: Volume, bytes: Uint8Array): Write {
  const { superblock } = volume;
  const offset = (EXT4_RESIZE_INO - 1) * superblock.inodeSize;
  return { position: volume.descriptor(0).inodeTable * superblock.blockSize + offset, bytes };
}

/** Where the first reserved block lies, and how many there are. */
function reserveOf(superblock: Superblock): { readonly first: number; readonly count: number } {
  const { fields } = superblock;
  const table = fields.s_first_data_block + 1;
  return { first: table + descriptorBlocks(superblock), count: fields.s_reserved_gdt_blocks };
}

function pointersTo(superblock: Superblock): Uint8Array {
  const { blockSize, fields } = superblock;
  const { first, count } = reserveOf(superblock);
  const perBlock = blockSize / POINTER_SIZE;
  const bytes = new Uint8Array(blockSize);
  const view = viewOf(bytes);
  for (let i = 0; i < count; i++) {
    const place = (first + i - fields.s_first_data_block - 1) % perBlock;
    view.setUint32(place * POINTER_SIZE, first + i, true);
  }
  return bytes;
}

function* reservedBlocks(grown: Superblock): Generator<Write> {
  const { first, count } = reserveOf(grown);
  const backups = backupsOf(grown);
  for (let i = 0; i < count; i++) {
    const bytes = new Uint8Array(grown.blockSize);
    const view = viewOf(bytes);
    for (const [place, group] of backups.entries()) {
      view.setUint32(place * POINTER_SIZE, first + i + group * grown.blocksPerGroup, true);
    }
    yield { position: (first + i) * grown.blockSize, bytes };
  }
}

/** Groups with a backup of the superblock. */
function backupsOf(superblock: Superblock): number[] {
  const backups: number[] = [];
  for (let group = 1; group < superblock.groups; group++) {
    if (hasSuperblock(superblock, group)) backups.push(group);
  }
  return backups;
}

function sectorsOf(superblock: Superblock): number {
  const blocks = 1 + reserveOf(superblock).count * (1 + backupsOf(superblock).length);
  return (blocks * superblock.blockSize) / SECTOR_SIZE;
}

/**
 * Whether each pointer is the one that it must be, or there is none: resize2fs may leave it out, and e2fsck looks at a
 * quarter of them. The blocks are reserved by what the superblock says.
 */
function namesNoOthers(pointers: Uint8Array, wanted: Uint8Array): boolean {
  const [view, right] = [viewOf(pointers), viewOf(wanted)];
  for (let at = 0; at < pointers.length; at += POINTER_SIZE) {
    const pointer = view.getUint32(at, true);
    if (pointer !== 0 && pointer !== right.getUint32(at, true)) return false;
  }
  return true;
}
