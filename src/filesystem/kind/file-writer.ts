/** Takes the contents of files into the image, one file after another, while it streams by. */
import type { Run } from "../../blocks/blocks.ts";
import type { FileLength, FilePlace } from "../../blocks/space.ts";
import type { Metadata } from "../../tree/inode.ts";

/** A file whose contents are about to come. */
export interface ComingFile extends FileLength {
  /** What its inode will say, and nobody changes then; absent where that is not known yet. */
  readonly metadata?: Metadata;
}

/**
 * Nothing here waits: where there is no room, or all stages are on their way, a step stops early; the caller
 * adds an arena, or waits, and goes on. When an arena is needed follows from the contents and the files alone, however
 * they are cut into chunks.
 */
export interface FileWriter {
  begin(file: ComingFile): void;
  /** Leaves a hole up to byte `offset` of the file, which lies at or after everything written so far. */
  seek(offset: number): void;
  /** Takes as many of `bytes` as there is room for and returns their number. */
  write(bytes: Uint8Array): number;
  /** Ends the file and returns where its contents are; undefined where there must be room first. */
  end(): FilePlace | undefined;
  /** The fewest blocks of the arena for want of which something stopped; 0 if all stages are on their way instead. */
  readonly wanted: number;
  addArena(run: Run): void;
  /** Resolves when there may be a stage again. */
  stageFree(): Promise<void>;
  /** Writes out what is still gathered; false where there must be room first. */
  flush(): boolean;
  /** Every run that bytes were written to. */
  readonly written: readonly Run[];
  /** Runs that were given and not written to. For when the last file has ended. */
  readonly unused: readonly Run[];
}
