import { Docker2vmError } from "../errors.ts";
import { BLOCK_SIZE, type Run } from "../output/blocks.ts";
import { DESCRIPTOR_SIZE } from "./format/group-descriptor.ts";

/** Blocks in a group: as many as one block's bits, as mke2fs makes them. */
export const BLOCKS_PER_GROUP = BLOCK_SIZE * 8;
const DESCRIPTORS_PER_BLOCK = BLOCK_SIZE / DESCRIPTOR_SIZE;
/** Half a group of descriptors: 128 TiB. Beyond, a backup would crowd out its group. */
const MAXIMUM_DESCRIPTOR_BLOCKS = BLOCKS_PER_GROUP / 2;

/** What is settled before contents flow, so that they never lie where descriptors must. */
export interface Geometry {
  /** Bound on what the filesystem may grow to. */
  readonly maximumBlocks: number;
  /** Blocks kept free for group descriptors after each copy of the superblock. */
  readonly descriptorBlocks: number;
}

/** The geometry of a filesystem of at most `maximumBlocks` blocks. Throws E_FILESYSTEM_LIMIT beyond 128 TiB. */
export function geometryFor(maximumBlocks: number): Geometry {
  const descriptorBlocks = descriptorBlocksFor(groupsIn(maximumBlocks));
  if (descriptorBlocks > MAXIMUM_DESCRIPTOR_BLOCKS) {
    const tebibytes = ((maximumBlocks * BLOCK_SIZE) / 2 ** 40).toFixed(1);
    throw new Docker2vmError(
      "E_FILESYSTEM_LIMIT",
      `a filesystem of ${tebibytes} TiB is more than the 128 TiB that are possible`,
      { hint: "ask for a smaller size" },
    );
  }
  return { maximumBlocks, descriptorBlocks };
}

/**
 * The first run of blocks, ending after `block`, that contents must leave free: the superblock and descriptors of
 * group 0 or of a group with a backup. There is always one, even past the end of the filesystem.
 */
export function reservedRunAfter(geometry: Geometry, block: number): Run {
  const length = 1 + geometry.descriptorBlocks;
  const group = Math.floor(block / BLOCKS_PER_GROUP);
  const offset = block - group * BLOCKS_PER_GROUP;
  const owner = nextBackup(offset < length ? group : group + 1);
  return { start: owner * BLOCKS_PER_GROUP, length };
}

/** Groups that `blocks` blocks make, the last one perhaps shorter. */
export function groupsIn(blocks: number): number {
  return Math.ceil(blocks / BLOCKS_PER_GROUP);
}

/** Blocks that the descriptors of so many groups fill. */
export function descriptorBlocksFor(groups: number): number {
  return Math.ceil(groups / DESCRIPTORS_PER_BLOCK);
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
