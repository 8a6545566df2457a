import { copyBytes } from "../memory/copy-bytes.ts";
import { isZero } from "./fields.ts";
import { BLOCK, padded } from "./format.ts";

/** Hears what an archive's bytes are, in order. */
export interface FrameSink {
  /** A block; good until the next. */
  onBlock(block: Buffer): void;
  /** Some of the body that was expected: the bytes of the chunk from `start` to `end`, without padding. */
  onBody(chunk: Uint8Array, start: number, end: number): void;
  /** All of the body has come, with its padding. */
  onBodyEnd(): void;
  /** Bytes behind the end, which was told by `end`. */
  onRest(bytes: Uint8Array): void;
}

/** Cuts the chunks of an archive into what it is made of: blocks, and between them bodies that are padded to whole ones. */
export class Framing {
  readonly #sink: FrameSink;
  /** Bytes of the archive before the chunk in hand, and before the next bytes of it. */
  #before = 0;
  #position = 0;
  /** A copy: a block may come in several chunks, and is read as text in parts. */
  readonly #block = Buffer.alloc(BLOCK);
  #filled = 0;
  /** Bytes to come of a body, padding included. */
  #remaining = 0;
  #padding = 0;
  #ended = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Byte of the archive at which the block in hand begins. */
  get blockAt(): number {
    return this.#position - (this.#filled === 0 ? BLOCK : this.#filled);
  }

  /** Whether a body is under way of which more than padding is to come. */
  get isInBody(): boolean {
    return this.#remaining > this.#padding;
  }

  /** Whether of a body only padding is to come. */
  get isInPadding(): boolean {
    return this.#remaining > 0 && this.#remaining <= this.#padding;
  }

  /** Whether a block has begun that is more than zeros. */
  get isInBlock(): boolean {
    return !isZero(this.#block.subarray(0, this.#filled));
  }

  /** What comes next is a body of `size` bytes and not a block. */
  expectBody(size: number): void {
    this.#remaining = padded(size);
    this.#padding = this.#remaining - size;
  }

  /** Nothing that comes is part of the archive any more. */
  end(): void {
    this.#ended = true;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#remaining > 0) at = this.#takeBody(chunk, at);
      else if (!this.#ended) at = this.#takeBlock(chunk, at);
      else {
        this.#sink.onRest(chunk.subarray(at));
        at = chunk.length;
      }
    }
    this.#before += chunk.length;
  }

  #takeBody(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#remaining, chunk.length);
    const bodyEnd = Math.min(end, at + this.#remaining - this.#padding);
    if (bodyEnd > at) this.#sink.onBody(chunk, at, bodyEnd);
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#sink.onBodyEnd();
    return end;
  }

  #takeBlock(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + BLOCK - this.#filled, chunk.length);
    copyBytes(this.#block, this.#filled, chunk, at, end);
    this.#filled += end - at;
    this.#position = this.#before + end;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#sink.onBlock(this.#block);
    }
    return end;
  }
}
