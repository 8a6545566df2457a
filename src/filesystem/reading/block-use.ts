import type { Paused } from "../../waiting/steps.ts";

/**
 * Blocks of a filesystem in a row, and what they are for. What nothing names is the filesystem's own: superblocks, maps,
 * inodes, attributes.
 */
export interface BlockUse {
  /** From the beginning of the filesystem. */
  readonly start: number;
  readonly length: number;
  readonly use: "contents" | "directories" | "journal" | "free";
}

/** Blocks in no order; those that files share may come again. */
export type BlockUses = Paused<BlockUse>;
