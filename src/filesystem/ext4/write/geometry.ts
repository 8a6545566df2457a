import { BLOCK_SIZE, type Run } from "../../../blocks/blocks.ts";
import { Docker2vmError } from "../../../errors.ts";
import { INODE_SIZE } from "../format/inode.ts";
import { VARIANTS, type Variant, type VariantName } from "./variant.ts";

/** Blocks in a group: as many as one block's bits, as mke2fs makes them. */
export const BLOCKS_PER_GROUP = BLOCK_SIZE * 8;
export const INODES_PER_BLOCK = BLOCK_SIZE / INODE_SIZE;
/** A block bitmap and an inode bitmap. */
export const BITMAPS = 2;

/**
 * Blocks of inode table that each group keeps free where tables must lie in their group: an inode to 8 KiB. A tree
 * with more inodes gets more groups.
 */
const RESERVED_TABLE_BLOCKS = 1024;
/** As many as the bits of a group's inode bitmap. */
const MOST_TABLE_BLOCKS = (BLOCK_SIZE * 8) / INODES_PER_BLOCK;

/** What is settled before contents flow, so that they never lie where descriptors must. */
export interface Geometry {
  readonly variant: Variant;
  /** Bound on what the filesystem may grow to. */
  readonly maximumBlocks: number;
  /** Blocks kept free for group descriptors after each copy of the superblock. */
  readonly descriptorBlocks: number;
}

/** The geometry of a filesystem of at most `maximumBlocks` blocks. Throws E_FILESYSTEM_LIMIT beyond what can be. */
export function geometryFor(maximumBlocks: number, format: VariantName = "ext4"): Geometry {
  const variant = VARIANTS[format];
  if (maximumBlocks > variant.maximumBlocks) {
    const tebibytes = (blocks: number): number => (blocks * BLOCK_SIZE) / 2 ** 40;
    throw new Docker2vmError(
      "E_FILESYSTEM_LIMIT",
      `a filesystem of ${tebibytes(maximumBlocks).toFixed(1)} TiB is more than the ` +
        `${Math.round(tebibytes(variant.maximumBlocks))} TiB that are possible with ${format}`,
      { hint: variant.flexible ? "ask for less" : "ask for less, or for ext4, which holds more" },
    );
  }
  return { variant, maximumBlocks, descriptorBlocks: descriptorBlocksFor(groupsIn(maximumBlocks), variant) };
}

/** Most blocks of inode table that a group can have. */
export function largestTable(variant: Variant): number {
  return variant.flexible ? MOST_TABLE_BLOCKS : RESERVED_TABLE_BLOCKS;
}

/**
 * The first run of blocks, ending after `block`, that contents must leave free: the superblock and descriptors of
 * group 0 or of a group with a backup, and the bitmaps and inode table of any group that must have them in itself.
 * There is always one, even past the end of the filesystem.
 */
export function reservedRunAfter(geometry: Geometry, block: number): Run {
  const group = Math.floor(block / BLOCKS_PER_GROUP);
  const offset = block - group * BLOCKS_PER_GROUP;
  const here = reservedBlocks(geometry, group);
  const owner = offset < here ? group : nextReserved(geometry, group + 1);
  return { start: owner * BLOCKS_PER_GROUP, length: reservedBlocks(geometry, owner) };
}

function reservedBlocks({ descriptorBlocks, variant }: Geometry, group: number): number {
  const base = hasSuperblock(group) ? 1 + descriptorBlocks : 0;
  return variant.flexible ? base : base + BITMAPS + RESERVED_TABLE_BLOCKS;
}

function nextReserved({ variant }: Geometry, group: number): number {
  return variant.flexible ? nextBackup(group) : group;
}

/** Groups that `blocks` blocks make, the last one perhaps shorter. */
export function groupsIn(blocks: number): number {
  return Math.ceil(blocks / BLOCKS_PER_GROUP);
}

/** Blocks that the descriptors of so many groups fill. */
export function descriptorBlocksFor(groups: number, variant: Variant): number {
  return Math.ceil((groups * variant.descriptorSize) / BLOCK_SIZE);
}

/** Whether sparse_super puts a superblock and descriptors into the group: 0, 1 and the powers of 3, 5 and 7. */
export function hasSuperblock(group: number): boolean {
  return nextBackup(group) === group;
}

/** Every group below `groups` with a superblock and descriptors, ascending from 0. */
export function superblockGroups(groups: number): number[] {
  const found: number[] = [];
  for (let group = 0; group < groups; group = nextBackup(group + 1)) found.push(group);
  return found;
}

/** The first group from `group` on with a superblock. */
function nextBackup(group: number): number {
  if (group <= 1) return group;
  return Math.min(powerFrom(3, group), powerFrom(5, group), powerFrom(7, group));
}

function powerFrom(base: number, least: number): number {
  let power = base;
  while (power < least) power *= base;
  return power;
}
