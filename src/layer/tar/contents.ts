import { assert } from "../../errors.ts";
import type { Piece } from "./entry.ts";
import type { ContentsFramer } from "./framer.ts";
import type { Member } from "./member.ts";

/** Where a file's bytes come from. */
export interface ContentsSource {
  readonly framer: ContentsFramer;
  /** How many of the entry's stored bytes have been read from the archive. */
  supplied(member: Member): number;
  /** Reads on in the archive; throws why it cannot. */
  feed(): Promise<void>;
}

const EMPTY = new Uint8Array(0);

const DONE: Promise<IteratorResult<Piece>> = Promise.resolve({ done: true, value: undefined });

/** The data of an entry that has none. */
export const NO_CONTENTS: AsyncIterable<Piece> = {
  [Symbol.asyncIterator]: () => ({ next: () => DONE }),
};

/**
 * The data of a file. An iterator without `return`: whoever stops half way leaves the rest to be skipped, where
 * closing tar-stream's stream would close the archive.
 */
export class Contents implements AsyncIterableIterator<Piece> {
  readonly #member: Member;
  readonly #source: ContentsSource;
  /** Stored bytes taken from the framer. */
  #taken = 0;
  /** What was taken and not yet given. */
  #bytes: Uint8Array = EMPTY;
  #segment = 0;
  /** Bytes of the segment that were given. */
  #within = 0;
  #closed = false;

  constructor(member: Member, source: ContentsSource) {
    this.#member = member;
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Piece>> {
    if (this.#bytes.length > 0 || this.#take()) return Promise.resolve({ done: false, value: this.#piece() });
    if (this.#taken === this.#member.stored && !this.#closed) return DONE;
    return this.#nextLater();
  }

  /** Passes over what is left and lets the next entry come; after this the contents cannot be read. */
  async close(): Promise<void> {
    while (this.#taken < this.#member.stored) if (!this.#take()) await this.#more();
    this.#closed = true;
    this.#bytes = EMPTY;
    this.#source.framer.next();
  }

  async #nextLater(): Promise<IteratorResult<Piece>> {
    assert(!this.#closed, `the contents of ${this.#member.path} were read after the entry had passed`);
    do await this.#more();
    while (!this.#take());
    return { done: false, value: this.#piece() };
  }

  #take(): boolean {
    if (this.#taken === this.#member.stored) return false;
    const bytes = this.#source.framer.take();
    if (bytes === undefined) return false;
    this.#taken += bytes.length;
    this.#bytes = bytes;
    return true;
  }

  /** Waits until the framer has something, or there is more in the archive. */
  async #more(): Promise<void> {
    if (this.#taken < this.#source.supplied(this.#member)) await this.#source.framer.arrival();
    else await this.#source.feed();
  }

  /** As much of the bytes in hand as lies in one segment. */
  #piece(): Piece {
    const segment = this.#member.segments[this.#segment];
    assert(segment !== undefined, "the sparse map holds less than the entry");
    const length = Math.min(this.#bytes.length, segment.length - this.#within);
    const offset = segment.offset + this.#within;
    let bytes = this.#bytes;
    if (length === bytes.length) this.#bytes = EMPTY;
    else {
      this.#bytes = bytes.subarray(length);
      bytes = bytes.subarray(0, length);
    }
    this.#within += length;
    if (this.#within === segment.length) {
      this.#segment++;
      this.#within = 0;
    }
    return { offset, bytes };
  }
}
