/** The number of blocks: as asked for if all fits, else chosen for the tree. */
import { Docker2vmError } from "../errors.ts";
import { BLOCK_SIZE } from "../output/blocks.ts";
import { BLOCKS_PER_GROUP, groupsIn, hasSuperblock } from "./geometry.ts";
import { blocksForInodes, groupLayout, overheadBlocks, usableBlocks } from "./group-layout.ts";

const BLOCKS_PER_MIB = 2 ** 20 / BLOCK_SIZE;
/** Free space of a filesystem whose size is chosen: a quarter of what is used, and never less than 64 MiB. */
const LEAST_FREE_BLOCKS = 64 * BLOCKS_PER_MIB;
const USED_TO_FREE = 4;

/** What must fit, whatever the size. */
export interface Demand {
  /** Blocks of contents and of the tree, extent trees of scattered directories aside. */
  readonly blocks: number;
  /** First block past the last one that a file has. */
  readonly contentEnd: number;
  /** Inodes in use, reserved ones included. */
  readonly inodes: number;
  /** Descriptor blocks that contents left free. */
  readonly descriptorBlocks: number;
}

/** Tries a size: the result, or undefined if something does not fit. */
export type Attempt<Result> = (blocks: number) => Result | undefined;

/**
 * The result at the smallest size, in whole MiB, that leaves the free space described above. The size only grows: from
 * what the demand alone would take, by what the last size proved to lack, until it lacks nothing.
 */
export function chooseSize<Result extends { readonly freeBlocks: number }>(
  demand: Demand,
  attempt: Attempt<Result>,
): Result {
  let blocks = leastBlocks(demand, withFreeSpace);
  for (;;) {
    const result = attempt(blocks);
    const wanted = result === undefined ? blocks + 1 : withFreeSpace(blocks - result.freeBlocks);
    if (result !== undefined && wanted <= blocks) return result;
    blocks = wholeMebibytes(wanted);
  }
}

/** The result at the size asked for. Throws E_SIZE_TOO_SMALL with the size, in whole MiB, that would do. */
export function useSize<Result>(asked: number, demand: Demand, attempt: Attempt<Result>): Result {
  const blocks = usableBlocks(asked);
  const least = leastBlocks(demand, (used) => used);
  const result = blocks + BLOCKS_PER_MIB > least ? attempt(blocks) : undefined;
  if (result !== undefined) return result;
  const needed = smallestSize(demand, least, attempt);
  const mebibytes = needed / BLOCKS_PER_MIB;
  throw new Docker2vmError(
    "E_SIZE_TOO_SMALL",
    `the image needs a filesystem of ${needed * BLOCK_SIZE} bytes (${mebibytes} MiB); ` +
      `${asked * BLOCK_SIZE} bytes were asked for`,
    { hint: `ask for ${mebibytes} MiB or more, or leave the size to the program` },
  );
}

/** The smallest size that a search in whole MiB finds: all fits there, and not in 1 MiB less. */
function smallestSize<Result>(demand: Demand, least: number, attempt: Attempt<Result>): number {
  const limit = demand.descriptorBlocks * BLOCKS_PER_GROUP * 64;
  const fits = (blocks: number): boolean => blocks > limit || attempt(usableBlocks(blocks)) !== undefined;
  let failed = least - BLOCKS_PER_MIB;
  let enough = least;
  // What contents leave free may come in pieces too small for the journal or an inode table.
  for (let step = BLOCKS_PER_MIB; !fits(enough); step *= 2) {
    failed = enough;
    enough += step;
  }
  while (enough - failed > BLOCKS_PER_MIB) {
    const middle = wholeMebibytes((failed + enough) / 2);
    if (middle >= enough) break;
    if (fits(middle)) enough = middle;
    else failed = middle;
  }
  return enough;
}

/** A bound from below: the smallest whole MiB that hold the demand, what the layout takes and `room` for more. */
function leastBlocks(demand: Demand, room: (used: number) => number): number {
  let blocks = wholeMebibytes(Math.max(demand.contentEnd, demand.blocks, blocksForInodes(demand.inodes)));
  for (;;) {
    const layout = groupLayout(blocks, demand.inodes);
    const wanted = layout === undefined ? blocks + 1 : room(demand.blocks + overheadBlocks(layout));
    if (wanted <= blocks) return blocks;
    blocks = wholeMebibytes(wanted);
  }
}

function withFreeSpace(used: number): number {
  return used + Math.max(LEAST_FREE_BLOCKS, Math.ceil(used / USED_TO_FREE));
}

/** Rounds up to whole MiB, and further where the last group would not hold its superblock and descriptors. */
function wholeMebibytes(blocks: number): number {
  let rounded = Math.ceil(blocks / BLOCKS_PER_MIB) * BLOCKS_PER_MIB;
  while (hasSuperblock(groupsIn(rounded) - 1) && usableBlocks(rounded) !== rounded) rounded += BLOCKS_PER_MIB;
  return rounded;
}
