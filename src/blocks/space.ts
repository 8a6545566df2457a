import type { Extent, Run } from "./blocks.ts";

/** Shorter room is left to metadata: each would be a turn in the schedule and a write of its own. */
export const LEAST_RUN_BLOCKS = 64;

/** The space that contents are placed in. */
export interface Space {
  /** First block past the space. */
  readonly end: number;
  /** Room that one stream leaves goes to others if it has at least so many blocks in a row. */
  readonly leastRun: number;
  /** What to do where the contents do not fit. */
  readonly remedy: string;
  /** First run of blocks, ending after `block`, that contents must leave free. */
  reservedAfter(block: number): Run;
}

/** How the blocks of a file lie. */
export interface Placing {
  /** The most of its blocks that must follow one another. */
  readonly row: number;
  /**
   * What becomes of those that are all zero. "left out": they have no place; a row is what follows one another of the
   * others. "kept in rows": a row begins at a multiple of its length in the file, has room for every block, and nothing
   * is written where they are zero; it has no place if all of them are. "kept": so does a row of zeros.
   */
  readonly zeros: "left out" | "kept in rows" | "kept";
}

/** A whole file in one row. */
export const WHOLE_FILE = Number.MAX_SAFE_INTEGER;

/** What is known of a file before its contents come, in bytes. */
export interface FileLength {
  /** Holes included. */
  readonly size: number;
  /** What comes: holes do not. */
  readonly stored: number;
}

/** Where the contents of a file are. */
export interface FilePlace {
  readonly extents: readonly Extent[];
  /** Where the rest of them is, for who has put it there. */
  readonly slot?: number | undefined;
}
