import { BLOCK_SIZE, type Run } from "../blocks/blocks.ts";
import type { Copy } from "../blocks/copies.ts";
import { DirectFile, pieces } from "../disk/direct-file.ts";
import { assert } from "../errors.ts";
import type { ImageStore } from "./image-store.ts";
import { type ContentSink, STAGE_BLOCKS, type StagedPiece, stagedPieces } from "./stages.ts";
import { outputError } from "./system-errors.ts";

/** One for each writer to fill, and three times as many on their way. */
const STAGES = 8;
/** Writes of zeros that are under way at a time: they take no stage, so that what is being made meanwhile has those. */
const MOST_ZEROS = 32;
/** Blocks with parts that are under way at a time: each waits for the disk, while more are made. */
const MOST_PARTS = 256;
/** Bytes that are on the disk while a plan is made of them; more would hold up what is written next. */
const MOST_AHEAD = 256 << 20;
/** A small piece is in the page cache before another thread has even taken it up. */
const WORTH_A_STAGE = 64 << 10;

/**
 * The image's blocks on their way to the disk: straight from the stages and beside everything else where the system
 * lets them, else by way of the page cache.
 */
export class ImageWriter implements ContentSink {
  readonly image: ImageStore;
  readonly stageBlocks: number;
  readonly #stageSize: number;
  readonly #free: Uint8Array[] = [];
  /** Gives memory for one that nobody has had yet, all zeros. */
  readonly #next: () => Uint8Array | undefined;
  /** Stages that may still be made. */
  #unmade = STAGES;
  /** A stage that nobody ever fills, made when it is wanted: an image may do without. */
  #zeros: Uint8Array | undefined;
  #direct: DirectFile | undefined;
  #underWay = 0;
  /** Bytes that were written past the page cache. */
  #written = 0;
  #failure: { readonly error: unknown } | undefined;
  #waiting: (() => void)[] = [];
  /** Parts of a block that is still to be read back. */
  #parts: { readonly block: number; readonly parts: StagedPiece[] } | undefined;

  /**
   * @param image closed with the writer
   * @param stageBlocks blocks of a stage: STAGE_BLOCKS, or SMALL_STAGE_BLOCKS for what amounts to little
   */
  constructor(image: ImageStore, stageBlocks: number = STAGE_BLOCKS) {
    this.image = image;
    this.stageBlocks = stageBlocks;
    this.#stageSize = stageBlocks * BLOCK_SIZE;
    this.#next = this.#openDirect() ?? pieces(this.#stageSize, 1 + STAGES);
  }

  /** Memory for the stages, if the file can be written directly; its first block is the filesystem's, written last. */
  #openDirect(): (() => Uint8Array | undefined) | undefined {
    const { path } = this.image;
    if (path === undefined) return undefined;
    try {
      this.#direct = DirectFile.open(path);
      const stages = this.#direct?.pieces(this.#stageSize, 1 + STAGES);
      if (stages !== undefined) return stages;
      this.#direct?.close();
      this.#direct = undefined;
      return undefined;
    } catch (error) {
      this.image.close();
      throw outputError(error, "cannot write the image");
    }
  }

  takeStage(): Uint8Array | undefined {
    this.#check();
    this.#isOneFree();
    return this.#free.pop();
  }

  async stageFree(): Promise<void> {
    while (!this.#isOneFree() && this.#failure === undefined) await this.#change();
  }

  #isOneFree(): boolean {
    if (this.#free.length > 0) return true;
    const unused = this.#unmade > 0 ? this.#next() : undefined;
    if (unused === undefined) return false;
    this.#unmade--;
    this.#free.push(unused);
    return true;
  }

  putStage(stage: Uint8Array, runs: readonly Run[]): void {
    this.#put(stage, runs, 0);
  }

  /** Pieces of fewer bytes than `worthWaiting` go by way of the page cache. */
  #put(stage: Uint8Array, runs: readonly Run[], worthWaiting: number): void {
    const direct = this.#direct;
    let left = 1;
    const done = (): Uint8Array | undefined => (--left === 0 ? stage : undefined);
    for (const { position, bytes } of stagedPieces(stage, runs)) {
      if (direct === undefined || bytes.length < worthWaiting) this.image.write(position, bytes);
      else {
        left++;
        void this.#write(direct, position, bytes, done);
      }
    }
    if (done() !== undefined) this.#giveBack(stage);
  }

  /** Writes bytes, which are the caller's again afterwards. No two writes may touch the same block. */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    const isWhole = position % BLOCK_SIZE === 0 && bytes.length % BLOCK_SIZE === 0;
    if (this.#direct === undefined || !isWhole || bytes.length < WORTH_A_STAGE) {
      this.#check();
      this.image.write(position, bytes);
      return;
    }
    for (let done = 0; done < bytes.length; ) {
      const stage = await this.#nextStage();
      const part = bytes.subarray(done, done + this.#stageSize);
      stage.set(part);
      this.#putRun(stage, position + done, part.length);
      done += part.length;
    }
  }

  /**
   * Writes a part of a block that may have been written before, and does not wait for it. What was written past the page
   * cache the system has to read back for that, and everything would wait: so it is read first, several at a time, and
   * once for parts of one block that come one after another.
   */
  async writePart(position: number, bytes: Uint8Array): Promise<void> {
    this.#check();
    if (this.#direct === undefined) {
      this.image.write(position, bytes);
      return;
    }
    const block = Math.floor(position / BLOCK_SIZE);
    if (this.#parts?.block !== block) {
      this.#writeParts();
      while (this.#underWay >= MOST_PARTS && this.#failure === undefined) await this.#change();
      this.#check();
      this.#parts = { block, parts: [] };
    }
    this.#parts.parts.push({ position, bytes: bytes.slice() });
  }

  /** Has those begun that wait for more of their block. */
  #writeParts(): void {
    if (this.#parts !== undefined) void this.#writeAll(this.#parts.parts);
    this.#parts = undefined;
  }

  async #writeAll(parts: readonly StagedPiece[]): Promise<void> {
    this.#underWay++;
    try {
      const [first] = parts;
      if (first !== undefined) await this.image.read(first.position, new Uint8Array(first.bytes.length));
      for (const { position, bytes } of parts) this.image.write(position, bytes);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#underWay--;
    this.#giveBack(undefined);
  }

  /** Copies up to a stage of blocks, which must have been written. */
  async copy({ from, length, targets }: Copy): Promise<void> {
    const stage = await this.#nextStage();
    const bytes = length * BLOCK_SIZE;
    const read = await this.image.read(from * BLOCK_SIZE, stage.subarray(0, bytes));
    assert(read === bytes, "contents to be moved end early");
    this.#put(stage, targets, WORTH_A_STAGE);
  }

  /** Writes the first `length` bytes of a stage to byte `position`: whole blocks. */
  #putRun(stage: Uint8Array, position: number, length: number): void {
    this.putStage(stage, [{ start: position / BLOCK_SIZE, length: length / BLOCK_SIZE }]);
  }

  async #nextStage(): Promise<Uint8Array> {
    let stage = this.takeStage();
    while (stage === undefined) {
      await this.stageFree();
      stage = this.takeStage();
    }
    return stage;
  }

  /** Writes zeros over whole blocks, and does not wait for all of them to be written. */
  async zero(position: number, length: number): Promise<void> {
    this.#zeros ??= this.#next() ?? new Uint8Array(this.#stageSize);
    for (let done = 0; done < length; done += this.#stageSize) {
      while (this.#underWay >= MOST_ZEROS && this.#failure === undefined) await this.#change();
      this.#check();
      const bytes = this.#zeros.subarray(0, length - done);
      if (this.#direct !== undefined && bytes.length >= WORTH_A_STAGE) {
        void this.#write(this.#direct, position + done, bytes);
      } else {
        this.image.write(position + done, bytes);
      }
    }
  }

  /**
   * Has the disk keep what it was given, while something else is made and not written yet: a virtual one takes as long for
   * that as a plan takes, and at the end there is little left. Settling waits for it, too.
   */
  keepAhead(): void {
    if (this.#direct !== undefined && this.#written <= MOST_AHEAD) void this.#keep();
  }

  async #keep(): Promise<void> {
    this.#underWay++;
    try {
      await this.image.sync();
    } catch (error) {
      // The system tells it once: asked again, it would say that all is well.
      this.#failure ??= { error };
    }
    this.#underWay--;
    this.#giveBack(undefined);
  }

  /** Resolves when everything is written; throws what could not be. */
  async settle(): Promise<void> {
    this.#writeParts();
    while (this.#underWay > 0) await this.#change();
    this.#check();
  }

  /** Closes the file, once nothing is being written to it any more. */
  async close(): Promise<void> {
    while (this.#underWay > 0) await this.#change();
    this.#direct?.close();
    this.#direct = undefined;
    this.image.close();
  }

  /** @param done told at the end; returns the stage, once nothing of it is on its way any more */
  async #write(
    direct: DirectFile,
    position: number,
    bytes: Uint8Array,
    done: () => Uint8Array | undefined = () => undefined,
  ): Promise<void> {
    this.#underWay++;
    this.#written += bytes.length;
    try {
      if (!(await direct.write(position, bytes))) this.image.write(position, bytes);
    } catch (error) {
      this.#failure ??= { error: outputError(error, "cannot write the image") };
    }
    this.#underWay--;
    this.#giveBack(done());
  }

  #giveBack(stage: Uint8Array | undefined): void {
    if (stage !== undefined) this.#free.push(stage);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
