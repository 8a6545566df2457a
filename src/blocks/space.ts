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
  /** For contents that may be compressed: only then are the extents complete, too, once everything is flushed. */
  readonly packed?: PackedPlace | undefined;
}

/** What becomes of contents that may be compressed, once everything is flushed. */
export interface PackedPlace {
  /** In the file's order. None: the contents are as they are. Else the extents count blocks as they are stored. */
  readonly clusters: readonly Cluster[];
  /** As of `FilePlace`. */
  readonly slot: number | undefined;
}

/** Blocks of a file, the last of which need not be whole, that are kept as one: compressed if that takes fewer. */
export interface Cluster {
  readonly blocks: number;
  /** Blocks that they take. */
  readonly stored: number;
}
