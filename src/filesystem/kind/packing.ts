/** The compression of contents, which is the same work wherever it is done: here, or in other threads. */

/** How contents are compressed. Plain values: they go between threads. */
export interface Packing {
  readonly algorithm: "lz4";
  readonly level: number;
  /** Most blocks of what is compressed as one. */
  readonly clusterBlocks: number;
}

/** Memory that is worked on; what is where in it is the kind of filesystem's own business. */
export type BatchMemory = ArrayBuffer | SharedArrayBuffer;

/** Compresses what is in a batch, in place. */
export type PackBatch = (memory: BatchMemory) => void;

/** Who has that done. */
export interface Packer {
  /** Zeroed memory for a batch. */
  memory(bytes: number): BatchMemory;
  /** Resolves when the batch is packed; undefined where it is already. Rejects where it never will be. */
  pack(memory: BatchMemory): Promise<void> | undefined;
}
