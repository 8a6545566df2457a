import type { Run } from "../blocks/blocks.ts";
import type { FileWriter } from "../filesystem/kind/file-writer.ts";
import type { ContentListener } from "../layer/unpack.ts";
import type { AttributePool } from "../tree/attribute-pool.ts";
import type { TreeBudget } from "../tree/tree-budget.ts";
import type { LayerBudget } from "./limits.ts";

/** Where the files of a source go that come in one stream or in several, and what they may come to. */
export interface StreamTarget {
  readonly budget: LayerBudget;
  readonly memory: TreeBudget;
  readonly attributes: AttributePool;
  /** Whether it counts how much of a file is holes; absent: it does not. */
  readonly withStored?: boolean;
  /** What takes the contents of one stream. */
  newWriter(): FileWriter;
  /** What hears of them as well; absent: nobody. */
  newListener?(): ContentListener;
  /** The next `least` blocks or more for a stream; waits for its turn. */
  nextArena(index: number, least: number): Promise<Run>;
  /** The stream has ended. */
  finish(index: number, writer: FileWriter): void;
  /** The stream is part of the whole: in the order of the streams. */
  accept(writer: FileWriter): void;
  /** Ends every wait. */
  abort(reason: unknown): void;
}
