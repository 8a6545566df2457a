import { BLOCK_SIZE } from "../blocks/blocks.ts";

/** Memory that contents are gathered in before they are written: small files share one write. */
export const STAGE_BLOCKS = 256;

/** Where gathered contents go. */
export interface ContentSink {
  /** An empty stage of STAGE_BLOCKS blocks; undefined while all are on their way. Throws what a write failed with. */
  takeStage(): Uint8Array | undefined;
  /** Resolves when there may be one. */
  stageFree(): Promise<void>;
  /** Writes the first `blocks` blocks of a stage from block `start` on, and has the stage back. */
  putStage(stage: Uint8Array, start: number, blocks: number): void;
}

/** A sink that writes at once, and so needs no more than one stage for each writer. */
export function immediateSink(write: (position: number, bytes: Uint8Array) => void): ContentSink {
  const free: Uint8Array[] = [];
  return {
    takeStage: () => free.pop() ?? Buffer.allocUnsafe(STAGE_BLOCKS * BLOCK_SIZE),
    stageFree: async () => undefined,
    putStage: (stage, start, blocks) => {
      write(start * BLOCK_SIZE, stage.subarray(0, blocks * BLOCK_SIZE));
      free.push(stage);
    },
  };
}
