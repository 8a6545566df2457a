/** Where the bitmaps and inode tables of all groups lie, and the journal. */
import type { Run } from "../../../blocks/blocks.ts";
import type { FreeSpace } from "../../../blocks/free-space.ts";
import { BITMAPS, BLOCKS_PER_GROUP } from "./geometry.ts";
import { baseBlocks, GROUPS_PER_FLEX, type GroupLayout } from "./group-layout.ts";

/** What is written only in part: bitmaps, inode tables and the journal. */
export interface Heads {
  /** For each group the block of its block bitmap, of its inode bitmap and the first one of its inode table. */
  readonly blockBitmaps: Float64Array;
  readonly inodeBitmaps: Float64Array;
  readonly inodeTables: Float64Array;
  /** The journal's blocks, in its order. */
  readonly journal: readonly Run[];
}

type GroupPlacement = Omit<Heads, "journal">;

/**
 * Takes them out of `space`, or returns undefined if there is no room: bitmaps and inode tables near the head of their
 * flex group, or at that of their own group, the journal in the first gap that holds it or else in the lowest ones.
 */
export function placeHeads(layout: GroupLayout, space: FreeSpace): Heads | undefined {
  const groups = layout.variant.flexible ? placeFlexGroups(layout, space) : groupHeads(layout);
  if (groups === undefined) return undefined;
  const journal = takeJournal(layout.journalBlocks, space);
  return journal === undefined ? undefined : { ...groups, journal };
}

/** Each flex group in turn: its block bitmaps, its inode bitmaps, its inode tables. */
function placeFlexGroups(layout: GroupLayout, space: FreeSpace): GroupPlacement | undefined {
  const blockBitmaps = new Float64Array(layout.groups);
  const inodeBitmaps = new Float64Array(layout.groups);
  const inodeTables = new Float64Array(layout.groups);
  for (let first = 0; first < layout.groups; first += GROUPS_PER_FLEX) {
    const end = Math.min(first + GROUPS_PER_FLEX, layout.groups);
    const from = first * BLOCKS_PER_GROUP;
    const placed =
      placeEach(space, blockBitmaps, first, end, 1, from) &&
      placeEach(space, inodeBitmaps, first, end, 1, from) &&
      placeEach(space, inodeTables, first, end, layout.tableBlocks, from);
    if (!placed) return undefined;
  }
  return { blockBitmaps, inodeBitmaps, inodeTables };
}

/** Each group's own bitmaps and inode table, after any superblock and descriptors. */
function groupHeads(layout: GroupLayout): GroupPlacement {
  const blockBitmaps = Float64Array.from(
    { length: layout.groups },
    (_, group) => group * BLOCKS_PER_GROUP + baseBlocks(layout, group),
  );
  return {
    blockBitmaps,
    inodeBitmaps: blockBitmaps.map((block) => block + 1),
    inodeTables: blockBitmaps.map((block) => block + BITMAPS),
  };
}

/** Blocks for the journal: in one run if there is one, else the lowest; undefined if there are not enough. */
function takeJournal(length: number, space: FreeSpace): readonly Run[] | undefined {
  if (length === 0) return [];
  const start = space.take(length, 0);
  if (start !== undefined) return [{ start, length }];
  const runs: Run[] = [];
  return space.takeLowest(length, runs) === length ? runs : undefined;
}

function placeEach(
  space: FreeSpace,
  places: Float64Array,
  first: number,
  end: number,
  length: number,
  from: number,
): boolean {
  for (let group = first; group < end; group++) {
    const start = space.take(length, from);
    if (start === undefined) return false;
    places[group] = start;
  }
  return true;
}
