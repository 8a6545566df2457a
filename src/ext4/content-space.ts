import { assert } from "../errors.ts";
import type { Run } from "../output/blocks.ts";
import type { Geometry } from "./geometry.ts";
import type { PlannedInode } from "./planned-inode.ts";
import { blocksIn, RunCollector, type RunSet, runSetOf, subtract } from "./runs.ts";

/** What became of the blocks while contents arrived. */
export interface Contents {
  readonly geometry: Geometry;
  /** First block past all that contents may have used. */
  readonly end: number;
  /** Every run that contents were written to, whether still in use or not (upper layers replace files). */
  readonly written: readonly Run[];
}

/** What contents make of the blocks. */
export interface ContentSpace {
  /** Blocks that contents were ever written to. */
  readonly written: RunSet;
  /** Those that no file has (any more). */
  readonly stale: RunSet;
  /** Blocks that files have, and the first block past the last of them. */
  readonly liveBlocks: number;
  readonly liveEnd: number;
}

/** Tells blocks in use from stale ones. Two files with the same block, or one never written to, are a mistake here. */
export function contentSpace(inodes: readonly PlannedInode[], contents: Contents): ContentSpace {
  const files = new RunCollector();
  for (const { extents } of inodes) {
    for (const { physical, length } of extents) files.add(physical, length);
  }
  const live = files.union("forbidden", "files");
  const written = runSetOf(contents.written);
  assert((written.ends.at(-1) ?? 0) <= contents.end, "contents were written past their end");
  const stale = subtract(written, live);
  const liveBlocks = blocksIn(live);
  assert(blocksIn(written) === liveBlocks + blocksIn(stale), "a file has blocks that were not written");
  return { written, stale, liveBlocks, liveEnd: live.ends.at(-1) ?? 0 };
}
