import type { Gunzip } from "node:zlib";
import type { Stock } from "../memory/chunks.ts";
import {
  CONTINUE,
  FINISH,
  isHandle,
  NO_INPUT,
  SteppedCodec,
  type ZlibHandle,
  type ZlibStep,
} from "./codec-step.ts";

/** What codec-handle.ts knows from within a stream, made by itself: so each step can be waited for. */
interface Handle extends ZlibHandle {
  readonly write: ZlibStep;
  init(
    windowBits: number,
    level: number,
    memoryLevel: number,
    strategy: number,
    state: Uint32Array,
    done: () => void,
    dictionary: undefined,
  ): void;
}
const METHODS = ["init", "write", "close"] as const;

/** node:zlib's number of what gunzips, and of zlib.h: the largest window, and what only deflating makes use of. */
const GUNZIP = 4;
const WINDOW_BITS = 15;
const DEFAULT_LEVEL = -1;
const DEFAULT_MEMORY = 8;
const DEFAULT_STRATEGY = 0;

/**
 * Gunzip in a thread of the runtime's own, which is there anyway: whoever has asked for a step does something else until
 * it is done. A worker thread would have to be started first, which takes as long as a small image, and would compile
 * for itself what this one has compiled.
 */
export class AsideGunzip extends SteppedCodec {
  readonly #handle: Handle;
  #done: (failure?: Error) => void = () => undefined;
  /** Resolves when no step is under way. */
  #idle: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(handle: Handle) {
    const state = new Uint32Array(2);
    super(state);
    this.#handle = handle;
    handle.onerror = (message) => this.#done(new Error(message));
    const done = () => this.#done();
    handle.init(WINDOW_BITS, DEFAULT_LEVEL, DEFAULT_MEMORY, DEFAULT_STRATEGY, state, done, undefined);
  }

  /** By what is behind such a stream, which is used for nothing else; undefined where that cannot be had by itself. */
  static like(stream: Gunzip): AsideGunzip | undefined {
    // Node ends the whole process where it is asked for one in a way that it does not know.
    if (process.versions["bun"] === undefined) return undefined;
    const { _handle: handle } = stream as { _handle?: unknown };
    if (!isHandle<Handle>(handle, METHODS)) return undefined;
    try {
      const made: unknown = Reflect.construct(handle.constructor, [GUNZIP]);
      return isHandle<Handle>(made, METHODS) ? new AsideGunzip(made) : undefined;
    } catch {
      return undefined;
    } finally {
      handle.close();
    }
  }

  /** Inflates from `input`, from `at` on, into `output`, from `filled` on, until either is used up. Rejects for damage. */
  step(input: Uint8Array, at: number, output: Uint8Array, filled: number): Promise<void> {
    return this.#run(CONTINUE, input, at, output, filled);
  }

  /** Rejects unless the data may end here; all output must have been taken. */
  finish(output: Uint8Array, filled: number): Promise<void> {
    return this.#run(FINISH, NO_INPUT, 0, output, filled);
  }

  /**
   * Resolves when no thread has the memory of a step any more. Whoever waits for that step, or asks for another, does so in
   * vain: it would go on reading.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#idle;
    this.#handle.close();
  }

  #run(flush: number, input: Uint8Array, at: number, output: Uint8Array, filled: number): Promise<void> {
    if (this.#closed) return new Promise(() => undefined);
    const given = input.length - at;
    const room = output.length - filled;
    const step = new Promise<void>((resolve, reject) => {
      this.#done = (failure) => {
        this.count(given, room);
        if (failure === undefined) resolve();
        else reject(failure);
      };
      this.#handle.write(flush, input, at, given, output, filled, room);
    });
    this.#idle = step.catch(() => undefined);
    return this.#idle.then(() => (this.#closed ? new Promise(() => undefined) : step));
  }
}

/** What is inflated so. */
export interface AsideWay {
  readonly stored: AsyncIterable<Uint8Array>;
  readonly codec: AsideGunzip;
  /** Makes the error to throw of what the codec reports. */
  readonly damaged: (cause: unknown) => Error;
  /** Is given the bytes after the point where the codec stopped of itself; may throw. */
  readonly checkRest: (bytes: Uint8Array) => void;
  readonly memory: Stock;
}

/**
 * The bytes, in chunks of the stock, each filled before it is given on and good until the next one, which is being made
 * meanwhile. What `stored` throws goes through, once what comes before it has been read. Whoever stops early waits for
 * `stored` no longer than that takes to return.
 */
export async function* throughAside(way: AsideWay): AsyncGenerator<Uint8Array> {
  const { stored, codec, memory } = way;
  const source = stored[Symbol.asyncIterator]();
  const chunks = [memory.take(), memory.take()] as const;
  const filling = new Filling(source, chunks, way);
  let isOver = false;
  let next = filling.next();
  try {
    for (;;) {
      const chunk = await next;
      if (chunk === undefined) break;
      next = filling.next();
      // Whoever reads on hears of it: until then it is no error that nobody has handled.
      next.catch(() => undefined);
      yield chunk;
    }
    isOver = true;
  } finally {
    await codec.close();
    for (const chunk of chunks) memory.giveBack(chunk);
    // Why nobody reads on is what counts, not how the source takes it.
    if (!isOver) await Promise.resolve(source.return?.(undefined)).catch(() => undefined);
  }
}

/** Fills one chunk after the other, the two in turn. */
class Filling {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #chunks: readonly [Uint8Array, Uint8Array];
  readonly #way: AsideWay;
  #turn = 0;
  #input: Uint8Array = NO_INPUT;
  #at = 0;
  /** Whether the codec may have more to give, of what it has had. */
  #isFull = false;
  #stopped = false;
  #ended = false;

  constructor(source: AsyncIterator<Uint8Array>, chunks: readonly [Uint8Array, Uint8Array], way: AsideWay) {
    this.#source = source;
    this.#chunks = chunks;
    this.#way = way;
  }

  /** Undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const chunk = this.#chunks[this.#turn & 1] ?? NO_INPUT;
    this.#turn++;
    let filled = 0;
    while (this.#isFull || (await this.#hasInput())) {
      filled += await this.#inflate(chunk, filled);
      this.#isFull = filled === chunk.length;
      if (this.#isFull) return chunk;
    }
    if (!this.#ended && !this.#stopped) await this.#run(this.#way.codec.finish(chunk, filled));
    this.#ended = true;
    return filled > 0 ? chunk.subarray(0, filled) : undefined;
  }

  /** Has the codec's next input at hand, and what it left of the former one looked at; false at the end. */
  async #hasInput(): Promise<boolean> {
    for (;;) {
      const rest = this.#input.subarray(this.#at);
      if (rest.length > 0 && !this.#stopped) return true;
      if (rest.length > 0) this.#way.checkRest(rest);
      if (this.#ended) return false;
      // Whoever asks for the next one has given this one back.
      this.#input = NO_INPUT;
      this.#at = 0;
      const { done, value } = await this.#source.next();
      if (done === true) return false;
      this.#input = value;
    }
  }

  /** Returns how many bytes came. */
  async #inflate(chunk: Uint8Array, filled: number): Promise<number> {
    const { codec } = this.#way;
    const given = this.#input.length - this.#at;
    await this.#run(codec.step(this.#input, this.#at, chunk, filled));
    this.#at += codec.read;
    if (given > 0 && codec.read === 0 && filled + codec.written < chunk.length) this.#stopped = true;
    return codec.written;
  }

  async #run(step: Promise<void>): Promise<void> {
    try {
      await step;
    } catch (cause) {
      throw this.#way.damaged(cause);
    }
  }
}
