import { assert } from "../errors.ts";
import type { MappedList, Run } from "./blocks.ts";
import { blocksIn, RunCollector, type RunSet, runSetOf, subtract } from "./runs.ts";

/** What became of the blocks while contents arrived. */
export interface WrittenBlocks {
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

/** The blocks that files have. Two with the same block are a mistake here. */
export function blocksOf(files: MappedList): RunSet {
  const taken = new RunCollector();
  files.forRuns((start, length) => taken.add(start, length));
  return taken.union("forbidden", "files");
}

/** Tells blocks in use from stale ones. Two files with the same block, or one never written to, are a mistake here. */
export function contentSpace(files: MappedList, contents: WrittenBlocks): ContentSpace {
  const live = blocksOf(files);
  const written = runSetOf(contents.written);
  assert((written.ends.at(-1) ?? 0) <= contents.end, "contents were written past their end");
  const stale = subtract(written, live);
  const liveBlocks = blocksIn(live);
  assert(blocksIn(written) === liveBlocks + blocksIn(stale), "a file has blocks that were not written");
  return { written, stale, liveBlocks, liveEnd: live.ends.at(-1) ?? 0 };
}
