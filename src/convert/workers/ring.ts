/**
 * Chunks from one thread to others, in memory that all of them see: nothing is sent and nothing left for a garbage
 * collector, and a thread that finds what it needs goes on without a turn of the event loop. For a message each way
 * that is a quarter of all the work beside inflating and hashing.
 *
 * One thread fills the slots in a circle; every reader takes every chunk. All counters only ever grow, each is written
 * by one thread alone, and who has to wait waits for the counter that holds it up.
 */
import { CHUNK_SIZE } from "../../memory/chunks.ts";

/** Words before the slots: how many chunks were put, how many each reader is done with, the length of each slot's. */
const PUT = 0;
const TAKEN = [1, 2] as const;
const LENGTHS = 8;
/** A page, so that chunks begin on one. */
const HEADER = 4096;

/** In place of a length: there are no more chunks, or there will not be all of them. */
const END = -1;
const BROKEN = -2;

/** Zeroed memory for a ring; it costs what is touched of it. */
export function ringMemory(slots: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER + slots * CHUNK_SIZE);
}

/** Makes memory new that no thread uses any more. */
export function clearRing(memory: SharedArrayBuffer): void {
  new Uint8Array(memory, 0, HEADER).fill(0);
}

class Ring {
  readonly words: Int32Array;
  readonly slots: readonly Uint8Array[];

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory, 0, HEADER / Int32Array.BYTES_PER_ELEMENT);
    const count = (memory.byteLength - HEADER) / CHUNK_SIZE;
    this.slots = Array.from(
      { length: count },
      (_, slot) => new Uint8Array(memory, HEADER + slot * CHUNK_SIZE, CHUNK_SIZE),
    );
  }

  slot(chunk: number): Uint8Array {
    return this.slots[chunk % this.slots.length] ?? new Uint8Array(0);
  }

  lengthWord(chunk: number): number {
    return LENGTHS + (chunk % this.slots.length);
  }

  /** Resolves when a counter has another value than the one seen, or somebody was told to look. */
  async changed(word: number, seen: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.words, word, seen);
    if (waiting.async) await waiting.value;
  }
}

/** The thread that fills a ring. */
export class RingWriter {
  readonly #ring: Ring;
  readonly #readers: readonly number[];
  #put = 0;
  /** Bytes gathered in the next slot. */
  #gathered = 0;
  #closed = false;

  constructor(memory: SharedArrayBuffer, readers: 1 | 2 = 1) {
    this.#ring = new Ring(memory);
    this.#readers = TAKEN.slice(0, readers);
  }

  /** The next slot, of CHUNK_SIZE bytes, once every reader is done with it; undefined when the ring was closed. */
  async slot(): Promise<Uint8Array | undefined> {
    const { words, slots } = this.#ring;
    for (const reader of this.#readers) {
      for (;;) {
        if (this.#closed) return undefined;
        const taken = Atomics.load(words, reader);
        if (this.#put - taken < slots.length) break;
        await this.#ring.changed(reader, taken);
      }
    }
    return this.#ring.slot(this.#put);
  }

  /** Hands on the first `length` bytes of the slot. */
  put(length: number): void {
    const { words } = this.#ring;
    Atomics.store(words, this.#ring.lengthWord(this.#put), length);
    this.#put++;
    Atomics.store(words, PUT, this.#put);
    Atomics.notify(words, PUT);
  }

  /**
   * Copies bytes into slots, and hands on those that are full: waking a thread costs more than copying what little it
   * would find. False when the ring was closed. Whoever uses it does not use the other two.
   */
  async write(bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length; ) {
      const slot = await this.slot();
      if (slot === undefined) return false;
      const part = bytes.subarray(at, at + slot.length - this.#gathered);
      slot.set(part, this.#gathered);
      this.#gathered += part.length;
      at += part.length;
      if (this.#gathered === slot.length) this.#handOn();
    }
    return true;
  }

  /** After the last chunk. */
  end(): Promise<void> {
    return this.#finish(END);
  }

  /** Instead of what is missing: why, the readers hear in another way. */
  break(): Promise<void> {
    return this.#finish(BROKEN);
  }

  async #finish(mark: number): Promise<void> {
    if (this.#gathered > 0) this.#handOn();
    if ((await this.slot()) !== undefined) this.put(mark);
  }

  #handOn(): void {
    this.put(this.#gathered);
    this.#gathered = 0;
  }

  /** Nobody wants any more: whoever waits for a slot gets none. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) Atomics.notify(this.#ring.words, reader);
  }
}

/** A thread that reads a ring: the first or the second of those that do. */
export class RingReader {
  /** Whether the last chunk has been read. */
  isComplete = false;
  readonly #ring: Ring;
  readonly #word: number;
  #chunk = 0;
  #isAtHand = false;
  /** Chunks that may be filled again, from the first on. */
  #taken = 0;
  /** Chunks that are not to be filled again yet. */
  readonly #held = new Set<number>();
  #onRelease: () => void = () => undefined;
  #closed = false;

  constructor(memory: SharedArrayBuffer, place: 0 | 1 = 0) {
    this.#ring = new Ring(memory);
    this.#word = TAKEN[place];
  }

  /** The next chunk, good until the next call, if it is not held; undefined at the end, where the ring is broken, and once closed. */
  async next(): Promise<Uint8Array | undefined> {
    this.#release();
    const { words } = this.#ring;
    for (;;) {
      if (this.#closed) return undefined;
      const put = Atomics.load(words, PUT);
      if (put > this.#chunk) break;
      await this.#ring.changed(PUT, put);
    }
    const length = Atomics.load(words, this.#ring.lengthWord(this.#chunk));
    this.isComplete = length === END;
    if (length < 0) return undefined;
    this.#isAtHand = true;
    return this.#ring.slot(this.#chunk).subarray(0, length);
  }

  /** Holds the chunk at hand, and all after it, until what this returns is called. */
  hold(): () => void {
    const chunk = this.#chunk;
    this.#held.add(chunk);
    return () => {
      this.#held.delete(chunk);
      this.#tellTaken();
      if (this.#held.size === 0) this.#onRelease();
    };
  }

  /** Resolves when no chunk is held. */
  async released(): Promise<void> {
    if (this.#held.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onRelease = resolve;
    });
  }

  /** Nothing more is wanted: whoever waits for a chunk gets none. */
  close(): void {
    this.#closed = true;
    Atomics.notify(this.#ring.words, PUT);
  }

  #release(): void {
    if (!this.#isAtHand) return;
    this.#isAtHand = false;
    this.#chunk++;
    this.#tellTaken();
  }

  #tellTaken(): void {
    const taken = Math.min(this.#chunk, ...this.#held);
    if (taken === this.#taken) return;
    this.#taken = taken;
    Atomics.store(this.#ring.words, this.#word, taken);
    Atomics.notify(this.#ring.words, this.#word);
  }
}
