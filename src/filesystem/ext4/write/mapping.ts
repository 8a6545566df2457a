/** Where a file's blocks lie, and how an inode says so. */
import type { Extent } from "../../../tree/inode.ts";

/** A file's extents and the blocks that its inode needs to name them, lowest level first. */
export interface Mapping {
  readonly extents: readonly Extent[];
  readonly nodes: readonly number[];
}

export const NO_MAPPING: Mapping = { extents: [], nodes: [] };

/** A way to say where blocks lie: an extent tree or a block map. */
export interface MapForm {
  /** What i_flags says of it. */
  readonly flags: number;
  /** Blocks that extents need besides the 60 bytes of i_block. */
  nodeCount(extents: readonly Extent[]): number;
  /** Writes the 60 bytes of i_block, all zero so far, at byte `at`. */
  encodeRoot(mapping: Mapping, view: DataView, at: number): void;
  /** What writes node `index` (of `mapping.nodes`) into a block of zeros; a checksum is left to do. */
  nodeEncoder(mapping: Mapping): (index: number, block: Uint8Array) => void;
}

/** Blocks of content in all extents. */
export function mappedBlocks(extents: readonly Extent[]): number {
  let total = 0;
  for (const extent of extents) total += extent.length;
  return total;
}
