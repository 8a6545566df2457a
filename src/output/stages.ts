import { BLOCK_SIZE, type Run } from "../blocks/blocks.ts";

/**
 * Memory that contents are gathered in before they are written: small files share one write. To a virtual disk one of
 * 1 MiB costs more for its bytes than one of 2 MiB.
 */
export const STAGE_BLOCKS = 512;

/**
 * The same for what amounts to little: its writes are short whatever there would be room for, since arenas begin short,
 * and what is taken for all of them costs more than it saves.
 */
export const SMALL_STAGE_BLOCKS = 64;

/** Where gathered contents go. */
export interface ContentSink {
  /** An empty stage of some whole blocks, always as many; undefined while all are on their way. Throws what a write failed with. */
  takeStage(): Uint8Array | undefined;
  /** Resolves when there may be one. */
  stageFree(): Promise<void>;
  /** Writes the blocks of a stage, one after another, to these runs of the image, and has the stage back. */
  putStage(stage: Uint8Array, runs: readonly Run[]): void;
}

/** A sink that writes at once, and so needs no more than one stage for each writer. */
export function immediateSink(write: (position: number, bytes: Uint8Array) => void): ContentSink {
  const free: Uint8Array[] = [];
  return {
    takeStage: () => free.pop() ?? Buffer.allocUnsafe(STAGE_BLOCKS * BLOCK_SIZE),
    stageFree: async () => undefined,
    putStage: (stage, runs) => {
      for (const { position, bytes } of stagedPieces(stage, runs)) write(position, bytes);
      free.push(stage);
    },
  };
}

/** Bytes, and the byte of the image that they begin at. */
export interface StagedPiece {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What of a stage goes where. */
export function* stagedPieces(stage: Uint8Array, runs: readonly Run[]): Generator<StagedPiece> {
  let at = 0;
  for (const { start, length } of runs) {
    const bytes = stage.subarray(at, at + length * BLOCK_SIZE);
    at += bytes.length;
    yield { position: start * BLOCK_SIZE, bytes };
  }
}
