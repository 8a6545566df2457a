import type { LayoutRule } from "./group-layout.ts";

/** What must fit, whatever the size. */
export interface Demand {
  /** Blocks of contents and of the tree, extent trees of scattered directories aside. */
  readonly blocks: number;
  /** Descriptor blocks that contents left free. */
  readonly descriptorBlocks: number;
  readonly rule: LayoutRule;
}
