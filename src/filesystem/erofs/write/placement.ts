/** Where metadata lies: in the gaps between contents, and behind them. */
import type { Run } from "../../../blocks/blocks.ts";
import { FreeSpace } from "../../../blocks/free-space.ts";
import { Gaps } from "../../../blocks/gaps.ts";
import { below, RunCollector, type RunSet, subtract, unite } from "../../../blocks/runs.ts";
import type { ContentPlaces } from "./close-up.ts";
import { FIRST_BLOCK } from "./closing-targets.ts";
import type { MetadataRun } from "./layout.ts";

export interface Placement {
  /** First block of each run of metadata. */
  readonly starts: readonly number[];
  /** Blocks of the filesystem. */
  readonly blocks: number;
  /** Blocks to be zeroed: something was written to them, and nothing has its place there now. */
  readonly stale: RunSet;
}

/** The first run is that of block 0. Longer ones go to the gap that fits best, single blocks to the lowest ones. */
export function placeMetadata(runs: readonly MetadataRun[], contents: ContentPlaces): Placement {
  const { taken, filled, written } = contents;
  let end = taken.ends.at(-1) ?? FIRST_BLOCK;
  const free = subtract({ starts: [FIRST_BLOCK], ends: [end] }, taken);
  const starts: number[] = [0];
  const used = new RunCollector();
  const gaps = new Gaps(free);
  const append = (blocks: number): number => {
    end += blocks;
    return end - blocks;
  };
  const put = (index: number, start: number): void => {
    starts[index] = start;
    used.add(start, runs[index]?.blocks ?? 0);
  };
  const singles: number[] = [];
  for (const [index, { blocks }] of runs.entries()) {
    if (index === 0) continue;
    if (blocks === 1) singles.push(index);
    else put(index, gaps.take(blocks) ?? append(blocks));
  }
  const left = new RunCollector();
  gaps.collect(left);
  const lowest = lowestBlocks(left.union("forbidden", "free space"), singles.length);
  for (const index of singles) put(index, lowest.next().value ?? append(1));
  const full = unite(filled, used.union("forbidden", "metadata"));
  return { starts, blocks: end, stale: below(subtract(written, full), end) };
}

function* lowestBlocks(free: RunSet, most: number): Generator<number, undefined> {
  const runs: Run[] = [];
  new FreeSpace(free).takeLowest(most, runs);
  for (const { start, length } of runs) {
    for (let block = start; block < start + length; block++) yield block;
  }
}
