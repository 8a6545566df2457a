import type { Run } from "../blocks/blocks.ts";
import type { FileWriter } from "../filesystem/kind/file-writer.ts";
import type { InflateChoice } from "../layer/decompress.ts";
import type { SpoolOptions } from "../source/spool.ts";
import type { AttributePool } from "../tree/attribute-pool.ts";
import type { Directory, RegularFile, Timestamp } from "../tree/inode.ts";
import type { TreeBudget } from "../tree/tree-budget.ts";

/** An image whose layers are all there, to be changed: its tree, and where contents come from and go. */
export interface EditedImage {
  readonly root: Directory;
  /** Of what has no time of its own. */
  readonly time: Timestamp;
  readonly signal: AbortSignal;
  readonly inflate: InflateChoice;
  readonly memory: TreeBudget;
  readonly attributes: AttributePool;
  /** Whether it counts how much of a file is holes. */
  readonly withStored: boolean;
  /** Where a stream is kept whose length nobody knows. */
  readonly scratch: Pick<SpoolOptions, "scratchFolder" | "scratchElsewhere">;
  /** All of a file that the image holds. */
  read(file: RegularFile): Promise<Uint8Array>;
  /** What takes the contents of files, and the blocks for it. */
  newWriter(): FileWriter;
  nextArena(least: number): Run;
  /** Resolves when what the writer has taken can be read. */
  accept(writer: FileWriter): Promise<void>;
  /** Hear of bytes that are read, and of entries. Throw E_LIMIT beyond a limit. */
  onBytes(count: number): void;
  onEntry(): void;
  onWarning(message: string): void;
}
