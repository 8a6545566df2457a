import type { Run } from "./blocks.ts";

/** The space that contents are placed in. */
export interface Space {
  /** First block past the space. */
  readonly end: number;
  /** First run of blocks, ending after `block`, that contents must leave free. */
  reservedAfter(block: number): Run;
}
