import { BLOCK_SIZE, type Extent, LONGEST_ROW_BLOCKS, type Run } from "../blocks/blocks.ts";
import type { FileLength, FilePlace, Placing } from "../blocks/space.ts";
import { isZeroBlock } from "../blocks/zero-block.ts";
import { assert } from "../errors.ts";
import { copyBytes } from "../memory/copy-bytes.ts";
import { appendBlocks, type GrowingRun } from "./growing-runs.ts";
import { RoomAside } from "./room-aside.ts";
import type { ContentSink } from "./stages.ts";

/** In one run of blocks, unless it is longer than the longest arena: then each of its runs is that long but the last. */
export const IN_LONG_ROWS: Placing = { row: LONGEST_ROW_BLOCKS, zeros: "left out" };

/**
 * Puts the contents of one file after another into the arenas of one stream, each file from a block border on and in
 * rows as `placing` has it. Nothing here waits: where no room is long enough, or all
 * stages are on their way, `write` stops early; the caller adds an arena, or waits, and goes on. When an arena is
 * needed follows from the contents and the files' sizes alone, however they are cut into chunks.
 */
export class ContentWriter {
  readonly #sink: ContentSink;
  readonly #placing: (file: FileLength) => Placing;
  readonly #aside = new RoomAside();
  readonly #written: GrowingRun[] = [];
  #stage: Uint8Array | undefined;
  /** Slots of the stage that are filled, and where they go. */
  #staged = 0;
  #runs: GrowingRun[] = [];
  /** Physical block that comes next in the current run, and how many there are from it on. */
  #next = 0;
  #left = 0;
  /** Blocks in a row that `write` stopped for want of; 0 if it did not. */
  #wanted = 0;
  /** Whether the file goes on in the current run, as far as that goes. */
  #isPlaced = false;
  /** Bytes in the slot behind the staged ones: a block of the file that is not whole yet. */
  #open = 0;
  /** Bytes to be zero before the next one written: the end of a hole inside a block. */
  #pendingZeros = 0;
  /** The file's next block, and the first one past its end. */
  #logical = 0;
  #end = 0;
  #extents: Extent[] = [];
  #current: Placing = IN_LONG_ROWS;
  /** Where zeros are kept: the row's first block in the file, the first one past it, and where it lies if it has a place. */
  #rowStart = 0;
  #rowEnd = 0;
  #rowPlace: number | undefined;

  constructor(sink: ContentSink, placing: (file: FileLength) => Placing = () => IN_LONG_ROWS) {
    this.#sink = sink;
    this.#placing = placing;
  }

  /** Every run that bytes were written to, in the order of writing. */
  get written(): readonly Run[] {
    return this.#written;
  }

  /** Runs that were given and not written to. For when the last file has ended. */
  get unused(): readonly Run[] {
    const current = { start: this.#next, length: this.#left };
    return [...this.#aside.left, current].filter(({ length }) => length > 0);
  }

  /** More room, for the file that wanted it. */
  addArena(run: Run): void {
    if (run.start === this.#next + this.#left) this.#left += run.length;
    else this.#moveTo(run);
  }

  /** Begins a file. */
  begin(file: FileLength): void {
    assert(this.#open === 0, "a file was begun before the last one ended");
    this.#logical = 0;
    this.#end = Math.ceil(file.size / BLOCK_SIZE);
    this.#isPlaced = false;
    this.#extents = [];
    this.#current = this.#placing(file);
    this.#rowStart = 0;
    this.#rowEnd = 0;
    this.#rowPlace = undefined;
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

  /** The fewest blocks of the arena for want of which `write` stopped; 0 if all stages are on their way instead. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Resolves when there may be a stage again. */
  stageFree(): Promise<void> {
    return this.#sink.stageFree();
  }

  /** Takes as many of `bytes` as there is room for and returns their number. */
  write(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#open === 0 && !this.#hasRoom()) return at;
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

  /**
   * Places a block that is no file's, between two files, and that has something in it: as a file of one block is placed
   * whose zeros are kept. Returns where; undefined where it first wants room, as `write` does.
   */
  writeBlock(bytes: Uint8Array): number | undefined {
    const hasRoom = this.#left > 0 || this.#takeAside(1);
    this.#wanted = hasRoom ? 0 : 1;
    if (!hasRoom) return undefined;
    this.#stage ??= this.#sink.takeStage();
    if (this.#stage === undefined) return undefined;
    const place = this.#next;
    this.#stage.set(bytes, this.#staged * BLOCK_SIZE);
    appendBlocks(this.#runs, place, 1);
    this.#skipTo(place + 1);
    this.#countStaged(1);
    return place;
  }

  /** Ends the file and returns where it lies; undefined where it first wants room, as `write` does. */
  end(): FilePlace | undefined {
    this.#pendingZeros = 0;
    this.#closeBlock();
    if (this.#current.zeros === "kept" && this.#end > 0) {
      if (!this.#hasRoom()) return undefined;
      this.#rowPlace ??= this.#next;
    }
    this.#endRow();
    return { extents: this.#extents };
  }

  /** Writes out what is still gathered: for that there is always room. */
  flush(): true {
    if (this.#stage === undefined) return true;
    this.#sink.putStage(this.#stage, this.#runs);
    this.#stage = undefined;
    for (const { start, length } of this.#runs) appendBlocks(this.#written, start, length);
    this.#runs = [];
    this.#staged = 0;
    return true;
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
    copyBytes(stage, this.#staged * BLOCK_SIZE + this.#open, bytes, at, at + length);
    this.#open += length;
    if (this.#open === BLOCK_SIZE) this.#closeBlock();
    return length;
  }

  #wholeBlocks(stage: Uint8Array, bytes: Uint8Array, at: number, whole: number): number {
    const most = this.#current.zeros === "left out" ? whole : Math.min(whole, this.#rowEnd - this.#logical);
    let zeros = 0;
    while (zeros < most && isZeroBlock(bytes, at + zeros * BLOCK_SIZE)) zeros++;
    if (zeros > 0) {
      this.#logical += zeros;
      return zeros * BLOCK_SIZE;
    }
    const limit = Math.min(most, this.#left);
    let count = 1;
    while (count < limit && !isZeroBlock(bytes, at + count * BLOCK_SIZE)) count++;
    return this.#place(stage, bytes, at, count) * BLOCK_SIZE;
  }

  /** Places up to `count` whole blocks of data; returns how many. */
  #place(stage: Uint8Array, bytes: Uint8Array, at: number, count: number): number {
    const room = Math.min(count, stage.length / BLOCK_SIZE - this.#staged);
    stage.set(bytes.subarray(at, at + room * BLOCK_SIZE), this.#staged * BLOCK_SIZE);
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
    this.#take(1);
  }

  /** Gives the next blocks of the file, which are in the stage, their places. */
  #take(blocks: number): void {
    const logical = this.#logical;
    if (this.#current.zeros === "left out") {
      appendBlocks(this.#runs, this.#next, blocks);
      this.#record({ logical, physical: this.#next, length: blocks });
      this.#skipTo(this.#next + blocks);
    } else {
      this.#rowPlace ??= this.#next;
      const start = this.#rowPlace + logical - this.#rowStart;
      appendBlocks(this.#runs, start, blocks);
      this.#skipTo(start + blocks);
    }
    this.#logical += blocks;
    this.#countStaged(blocks);
  }

  #countStaged(blocks: number): void {
    this.#staged += blocks;
    if (this.#staged * BLOCK_SIZE === this.#stage?.length) this.flush();
  }

  #skipTo(block: number): void {
    this.#left -= block - this.#next;
    this.#next = block;
  }

  /** Finds room for the next block: in a run that holds the rest of its row. */
  #hasRoom(): boolean {
    const rest = this.#current.zeros === "left out" ? this.#restOfFile() : this.#restOfRow();
    if (rest === 0) return true;
    this.#isPlaced = this.#left >= rest || this.#takeAside(rest);
    this.#wanted = this.#isPlaced ? 0 : rest;
    return this.#isPlaced;
  }

  /** Blocks that the current run must hold for the file to go on in it; 0 where it does already. */
  #restOfFile(): number {
    if (this.#isPlaced && this.#left > 0) return 0;
    return Math.min(Math.max(this.#end - this.#logical, 1), this.#current.row);
  }

  /** As restOfFile, of the row that the next block is in. */
  #restOfRow(): number {
    const { row } = this.#current;
    if (this.#logical >= this.#rowEnd && this.#rowEnd < this.#end) {
      this.#endRow();
      this.#rowStart = Math.floor(this.#logical / row) * row;
      this.#rowEnd = Math.min(this.#rowStart + row, this.#end);
      this.#isPlaced = false;
    }
    return this.#isPlaced ? 0 : this.#rowEnd - this.#rowStart;
  }

  /** Leaves the row, all of which has its place by now if any of it has. */
  #endRow(): void {
    const place = this.#rowPlace;
    if (place === undefined) return;
    const length = this.#rowEnd - this.#rowStart;
    this.#record({ logical: this.#rowStart, physical: place, length });
    this.#skipTo(place + length);
    this.#rowPlace = undefined;
  }

  /** Goes on in room that was passed over, if there is enough in a row. */
  #takeAside(least: number): boolean {
    const run = this.#aside.take(least);
    if (run !== undefined) this.#moveTo(run);
    return run !== undefined;
  }

  #moveTo(run: Run): void {
    this.#aside.put({ start: this.#next, length: this.#left });
    this.flush();
    this.#next = run.start;
    this.#left = run.length;
  }

  #record(extent: Extent): void {
    const { logical, physical, length } = extent;
    const last = this.#extents.at(-1);
    if (last && last.physical + last.length === physical && last.logical + last.length === logical) {
      this.#extents[this.#extents.length - 1] = { ...last, length: last.length + length };
    } else {
      this.#extents.push(extent);
    }
  }
}
