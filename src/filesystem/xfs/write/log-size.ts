/** How long the log is. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { UNIT_BLOCKS } from "./geometry.ts";

const BLOCKS_PER_MIB = 2 ** 20 / BLOCK_SIZE;

/**
 * The fewest blocks of a log that the kernel mounts (xfs_log_calc_minimum_size), by the greatest size of a group, as the
 * kernel itself says: they grow with the greatest height of a group's trees.
 */
const LEAST: readonly (readonly [groupBlocks: number, log: number])[] = [
  [8 * UNIT_BLOCKS, 1338],
  [16 * UNIT_BLOCKS, 1539],
  [2048 * UNIT_BLOCKS, 1945],
  [Number.POSITIVE_INFINITY, 2548],
];

/** XFS_MAX_LOG_BYTES, in whole blocks below it. */
export const LARGEST_LOG = 2 ** 31 / BLOCK_SIZE - 1;

/** The fewest blocks for groups of that size. */
export function leastLog(groupBlocks: number): number {
  return LEAST.find(([most]) => groupBlocks <= most)?.[1] ?? LARGEST_LOG;
}

/** A sixteenth of the filesystem up to 64 MiB, and as mkfs makes it from 128 GiB on: a 2,048th, up to 1 GiB. */
const SHARE = 16;
const USUAL_MOST = 64 * BLOCKS_PER_MIB;
const LARGE_SHARE = 2048;
const LARGE_MOST = 1024 * BLOCKS_PER_MIB;

/** The usual length. */
export function usualLog(blocks: number, groupBlocks: number): number {
  const small = Math.min(Math.floor(blocks / SHARE), USUAL_MOST);
  const large = Math.min(Math.floor(blocks / LARGE_SHARE), LARGE_MOST);
  return Math.max(small, large, leastLog(groupBlocks));
}
