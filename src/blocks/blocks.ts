/** Bytes in a block: the unit in which contents are placed and filesystems laid out. */
export const BLOCK_SIZE = 4096;

/** A file of up to so many blocks (4 MiB) lies in one row, and so does each such part of a longer one. */
export const LONGEST_ROW_BLOCKS = 1024;

/** `length` consecutive blocks of the image, from block `start`. */
export interface Run {
  readonly start: number;
  readonly length: number;
}

/** `length` blocks of a file, from the file's block `logical`, at block `physical` of the image. */
export interface Extent {
  readonly logical: number;
  readonly physical: number;
  readonly length: number;
}

/** What has blocks: a file, or whatever else is in pieces. */
export interface Mapped {
  /** Ascending by `logical`, not overlapping. */
  readonly extents: readonly Extent[];
}

/** Files, or whatever has blocks, by their indexes. */
export interface MappedList {
  readonly length: number;
  /** Ascending by `logical`, not overlapping. */
  extents(index: number): readonly Extent[];
  /** The same for a look: good until the next call, so that nothing is made for each of a million files. */
  passingExtents(index: number): readonly Extent[];
  /** Tells every run of blocks that one of them has, in no order, at no cost for each. */
  forRuns(use: (start: number, length: number) => void): void;
}

/** Where finished bytes go: any position, any order, no byte needed twice. What is never written reads as zeros. */
export interface BlockSink {
  /** Writes all of `bytes` at byte `position`. The bytes are not kept: the caller may reuse the buffer. */
  write(position: number, bytes: Uint8Array): void;
}
