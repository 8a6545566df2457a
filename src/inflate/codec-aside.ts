import type { Gunzip } from "node:zlib";
import { giveBack, SMALL_CHUNK_SIZE, takeChunk } from "../memory/chunks.ts";

/** What codec-handle.ts knows from within a stream, made by itself: so each step can be waited for. */
interface Handle {
  onerror: (message: string, errno: number, code: string) => void;
  init(
    windowBits: number,
    level: number,
    memoryLevel: number,
    strategy: number,
    state: Uint32Array,
    done: () => void,
    dictionary: undefined,
  ): void;
  write(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
  close(): void;
}

/** node:zlib's number of what gunzips, and of zlib.h: the largest window, and what only deflating makes use of. */
const GUNZIP = 4;
const WINDOW_BITS = 15;
const DEFAULT_LEVEL = -1;
const DEFAULT_MEMORY = 8;
const DEFAULT_STRATEGY = 0;
/** Z_NO_FLUSH and Z_FINISH of zlib.h. */
const CONTINUE = 0;
const FINISH = 4;
const NO_INPUT = new Uint8Array(0);

/**
 * Gunzip in a thread of the runtime's own, which is there anyway: whoever has asked for a step does something else until
 * it is done. A worker thread would have to be started first, which takes longer than a small image.
 */
export class AsideGunzip {
  /** Bytes taken and bytes given by the last step. */
  read = 0;
  written = 0;
  readonly #handle: Handle;
  /** Bytes of output and of input that the last step left. */
  readonly #state = new Uint32Array(2);
  #done: (failure?: Error) => void = () => undefined;

  private constructor(handle: Handle) {
    this.#handle = handle;
    handle.onerror = (message) => this.#done(new Error(message));
    const done = () => this.#done();
    handle.init(WINDOW_BITS, DEFAULT_LEVEL, DEFAULT_MEMORY, DEFAULT_STRATEGY, this.#state, done, undefined);
  }

  /** By what is behind such a stream, which is used for nothing else; undefined where that cannot be had by itself. */
  static like(stream: Gunzip): AsideGunzip | undefined {
    // Node ends the whole process where it is asked for one in a way that it does not know.
    if (process.versions["bun"] === undefined) return undefined;
    const { _handle: handle } = stream as { _handle?: unknown };
    if (!isHandle(handle)) return undefined;
    try {
      const made: unknown = Reflect.construct(handle.constructor, [GUNZIP]);
      return isHandle(made) ? new AsideGunzip(made) : undefined;
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

  /** Not while a step is under way. */
  close(): void {
    this.#handle.close();
  }

  #run(flush: number, input: Uint8Array, at: number, output: Uint8Array, filled: number): Promise<void> {
    const given = input.length - at;
    const room = output.length - filled;
    return new Promise((resolve, reject) => {
      this.#done = (failure) => {
        const [roomLeft = 0, inputLeft = 0] = this.#state;
        this.read = given - inputLeft;
        this.written = room - roomLeft;
        if (failure === undefined) resolve();
        else reject(failure);
      };
      this.#handle.write(flush, input, at, given, output, filled, room);
    });
  }
}

function isHandle(value: unknown): value is Handle {
  if (typeof value !== "object" || value === null) return false;
  return ["init", "write", "close"].every((name) => typeof Reflect.get(value, name) === "function");
}

/** What is inflated so. */
export interface AsideWay {
  readonly stored: AsyncIterable<Uint8Array>;
  readonly codec: AsideGunzip;
  /** Makes the error to throw of what the codec reports. */
  readonly damaged: (cause: unknown) => Error;
  /** Is given the bytes after the point where the codec stopped of itself; may throw. */
  readonly checkRest: (bytes: Uint8Array) => void;
}

/**
 * The bytes, in small chunks, each filled before it is given on and good until the next one, which is being made
 * meanwhile. What `stored` throws goes through, once what comes before it has been read.
 */
export async function* throughAside(way: AsideWay): AsyncGenerator<Uint8Array> {
  const chunks = [takeChunk(SMALL_CHUNK_SIZE), takeChunk(SMALL_CHUNK_SIZE)] as const;
  const filled = fill(chunks, way);
  let next = filled.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = filled.next();
      // Whoever reads on hears of it: until then it is no error that nobody has handled.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    // Until then the thread has the memory.
    await next.catch(() => undefined);
    await filled.return(undefined);
    for (const chunk of chunks) giveBack(chunk);
  }
}

/** Fills one and the other in turn. */
async function* fill(
  [first, second]: readonly [Uint8Array, Uint8Array],
  { stored, codec, damaged, checkRest }: AsideWay,
): AsyncGenerator<Uint8Array> {
  const failed = (cause: unknown): never => {
    throw damaged(cause);
  };
  let chunk = first;
  let filled = 0;
  let stopped = false;
  try {
    for await (const input of stored) {
      let at = 0;
      while (!stopped) {
        await codec.step(input, at, chunk, filled).catch(failed);
        at += codec.read;
        filled += codec.written;
        if (filled === chunk.length) {
          yield chunk;
          chunk = chunk === first ? second : first;
          filled = 0;
        } else if (at === input.length) break;
        else stopped = codec.read === 0;
      }
      if (at < input.length) checkRest(input.subarray(at));
    }
    if (!stopped) await codec.finish(chunk, filled).catch(failed);
    if (filled > 0) yield chunk.subarray(0, filled);
  } finally {
    codec.close();
  }
}
