import { assert } from "../errors.ts";
import { BLOCK_SIZE, type Extent, type Run } from "./blocks.ts";
import { type ContentSink, STAGE_BLOCKS } from "./stages.ts";

const ZERO_BLOCK = Buffer.alloc(BLOCK_SIZE);

/**
 * Puts the contents of one file after another into the arenas of one stream, each file from a block border on.
 * Blocks that are all zero take no place: they become holes. Nothing here waits: when the arenas are used up, or all
 * stages are on their way, `write` stops early; the caller adds an arena, or waits, and goes on. When an arena is needed follows from the contents
 * alone, however they are cut into chunks.
 */
export class ContentWriter {
  readonly #sink: ContentSink;
  readonly #arenas: Run[] = [];
  readonly #written: Run[] = [];
  #stage: Uint8Array | undefined;
  /** Physical block of the stage's first slot. */
  #stageStart = 0;
  #staged = 0;
  /** Physical blocks of the current arena left, those in the stage already taken off. */
  #left = 0;
  /** Bytes in the slot behind the staged ones: a block of the file that is not whole yet. */
  #open = 0;
  /** Bytes to be zero before the next one written: the end of a hole inside a block. */
  #pendingZeros = 0;
  /** The file's next block. */
  #logical = 0;
  #extents: Extent[] = [];

  constructor(sink: ContentSink) {
    this.#sink = sink;
  }

  /** Every run that bytes were written to, in the order of writing. */
  get written(): readonly Run[] {
    return this.#written;
  }

  /** More room, to be used when what is there is full. */
  addArena(runs: readonly Run[]): void {
    this.#arenas.push(...runs);
  }

  begin(): void {
    assert(this.#open === 0, "a file was begun before the last one ended");
    this.#logical = 0;
    this.#extents = [];
  }

  /** Leaves a hole up to byte `offset` of the file, which lies at or after everything written so far. */
  seek(offset: number): void {
    const here = this.#logical * BLOCK_SIZE + this.#open;
    assert(offset >= here, "contents must come in ascending order");
    const block = Math.floor(offset / BLOCK_SIZE);
    if (block > this.#logical) {
      this.#closeBlock();
      this.#logical = block;
    }
    const within = offset - this.#logical * BLOCK_SIZE;
    this.#pendingZeros = within - this.#open;
  }

  /** Whether it is for want of an arena that `write` stopped; else all stages are on their way. */
  get needsArena(): boolean {
    return this.#open === 0 && this.#left === 0 && this.#arenas.length === 0;
  }

  /** Resolves when there may be a stage again. */
  stageFree(): Promise<void> {
    return this.#sink.stageFree();
  }

  /** Takes as many of `bytes` as there is room for and returns their number. */
  write(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#open === 0 && this.#left === 0 && !this.#nextRun()) return at;
      this.#stage ??= this.#sink.takeStage();
      if (this.#stage === undefined) return at;
      this.#fillPending(this.#stage);
      const whole = this.#open === 0 ? Math.floor((bytes.length - at) / BLOCK_SIZE) : 0;
      at +=
        whole > 0
          ? this.#wholeBlocks(this.#stage, bytes, at, whole)
          : this.#partBlock(this.#stage, bytes, at);
    }
    return at;
  }

  /** Ends the file and returns where it lies. */
  end(): readonly Extent[] {
    this.#pendingZeros = 0;
    this.#closeBlock();
    return this.#extents;
  }

  /** Writes out what is still gathered. */
  flush(): void {
    if (this.#stage === undefined) return;
    this.#sink.putStage(this.#stage, this.#stageStart, this.#staged);
    this.#stage = undefined;
    this.#recordWritten(this.#stageStart, this.#staged);
    this.#stageStart += this.#staged;
    this.#staged = 0;
  }

  #fillPending(stage: Uint8Array): void {
    if (this.#pendingZeros === 0) return;
    const slot = this.#staged * BLOCK_SIZE + this.#open;
    stage.fill(0, slot, slot + this.#pendingZeros);
    this.#open += this.#pendingZeros;
    this.#pendingZeros = 0;
  }

  #partBlock(stage: Uint8Array, bytes: Uint8Array, at: number): number {
    const length = Math.min(BLOCK_SIZE - this.#open, bytes.length - at);
    stage.set(bytes.subarray(at, at + length), this.#staged * BLOCK_SIZE + this.#open);
    this.#open += length;
    if (this.#open === BLOCK_SIZE) this.#closeBlock();
    return length;
  }

  #wholeBlocks(stage: Uint8Array, bytes: Uint8Array, at: number, whole: number): number {
    let zeros = 0;
    while (zeros < whole && isZeroBlock(bytes, at + zeros * BLOCK_SIZE)) zeros++;
    if (zeros > 0) {
      this.#logical += zeros;
      return zeros * BLOCK_SIZE;
    }
    const limit = Math.min(whole, this.#left);
    let count = 1;
    while (count < limit && !isZeroBlock(bytes, at + count * BLOCK_SIZE)) count++;
    return this.#place(stage, bytes, at, count) * BLOCK_SIZE;
  }

  /** Places up to `count` whole blocks of data; returns how many. */
  #place(stage: Uint8Array, bytes: Uint8Array, at: number, count: number): number {
    const room = Math.min(count, STAGE_BLOCKS - this.#staged);
    stage.set(bytes.subarray(at, at + room * BLOCK_SIZE), this.#staged * BLOCK_SIZE);
    this.#record(this.#stageStart + this.#staged, room);
    this.#take(room);
    return room;
  }

  #closeBlock(): void {
    if (this.#open === 0) return;
    const stage = this.#stage;
    assert(stage !== undefined, "a block is open without a stage");
    const slot = this.#staged * BLOCK_SIZE;
    stage.fill(0, slot + this.#open, slot + BLOCK_SIZE);
    this.#open = 0;
    if (isZeroBlock(stage, slot)) {
      this.#logical++;
      return;
    }
    this.#record(this.#stageStart + this.#staged, 1);
    this.#take(1);
  }

  #take(blocks: number): void {
    this.#staged += blocks;
    this.#left -= blocks;
    if (this.#staged === STAGE_BLOCKS) this.flush();
  }

  #nextRun(): boolean {
    const run = this.#arenas.shift();
    if (run === undefined) return false;
    if (run.start !== this.#stageStart + this.#staged) {
      this.flush();
      this.#stageStart = run.start;
    }
    this.#left = run.length;
    return true;
  }

  #record(physical: number, length: number): void {
    const last = this.#extents.at(-1);
    if (last && last.physical + last.length === physical && last.logical + last.length === this.#logical) {
      this.#extents[this.#extents.length - 1] = { ...last, length: last.length + length };
    } else {
      this.#extents.push({ logical: this.#logical, physical, length });
    }
    this.#logical += length;
  }

  #recordWritten(start: number, length: number): void {
    if (length === 0) return;
    const last = this.#written.at(-1);
    if (last && last.start + last.length === start) {
      this.#written[this.#written.length - 1] = { start: last.start, length: last.length + length };
    } else {
      this.#written.push({ start, length });
    }
  }
}

/** Data is seldom zero at both ends of a block, so most blocks are told by two bytes. */
function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0 || bytes[at + BLOCK_SIZE - 1] !== 0) return false;
  return ZERO_BLOCK.equals(bytes.subarray(at, at + BLOCK_SIZE));
}
