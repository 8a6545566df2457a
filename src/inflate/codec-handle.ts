import type { Gunzip } from "node:zlib";
import type { ChunkMemory } from "../memory/chunks.ts";
import { checked } from "./bad-compression.ts";
import { CONTINUE, isHandle, NO_INPUT, SteppedCodec, type ZlibHandle, type ZlibStep } from "./codec-step.ts";

interface Handle extends ZlibHandle {
  readonly writeSync: ZlibStep;
}

/**
 * A codec that is given memory to read and memory to fill, and is done when it returns. A stream takes fresh memory for
 * each chunk and has other threads inflate, one chunk at a time: beside inflating and hashing, that is half as much again.
 */
export class CodecHandle extends SteppedCodec {
  readonly #handle: Handle;
  readonly #end: number;
  #failure: Error | undefined;

  private constructor(handle: Handle, state: Uint32Array, end: number) {
    super(state);
    this.#handle = handle;
    this.#end = end;
    handle.onerror = (message) => {
      this.#failure = new Error(message);
    };
  }

  /**
   * Of a stream that is used in no other way; undefined where the runtime's streams are made differently.
   *
   * @param end what tells the codec that there is no more
   */
  static of(stream: Gunzip, end: number): CodecHandle | undefined {
    const { _handle: handle, _writeState: state } = stream as { _handle?: unknown; _writeState?: unknown };
    const isKnown = isHandle<Handle>(handle, ["writeSync", "close"]) && state instanceof Uint32Array;
    return isKnown ? new CodecHandle(handle, state, end) : undefined;
  }

  /** Inflates from `input`, from `at` on, into `output`, from `filled` on, until either is used up. Throws for damage. */
  step(input: Uint8Array, at: number, output: Uint8Array, filled: number): void {
    this.#run(CONTINUE, input, at, output, filled);
  }

  /** Throws unless the data may end here; all output must have been taken. */
  finish(output: Uint8Array, filled: number): void {
    this.#run(this.#end, NO_INPUT, 0, output, filled);
  }

  close(): void {
    this.#handle.close();
  }

  #run(flush: number, input: Uint8Array, at: number, output: Uint8Array, filled: number): void {
    const given = input.length - at;
    const room = output.length - filled;
    this.#handle.writeSync(flush, input, at, given, output, filled, room);
    if (this.#failure !== undefined) throw this.#failure;
    this.count(given, room);
  }
}

/**
 * Bytes through a codec, each chunk filled before it is given on. What `stored` throws goes through.
 *
 * @param damaged makes the error to throw of what the codec reports
 * @param checkRest is given the bytes after the point where the codec stopped of itself; may throw
 * @param memory where chunks are inflated to
 */
export async function* throughHandle(
  stored: AsyncIterable<Uint8Array>,
  codec: CodecHandle,
  damaged: (cause: unknown) => Error,
  checkRest: (bytes: Uint8Array) => void,
  memory: ChunkMemory,
): AsyncGenerator<Uint8Array> {
  let chunk = await memory.take();
  let filled = 0;
  let stopped = false;
  try {
    for await (const input of stored) {
      let at = 0;
      while (!stopped) {
        checked(damaged, () => codec.step(input, at, chunk, filled));
        at += codec.read;
        filled += codec.written;
        if (filled === chunk.length) {
          yield chunk;
          memory.giveBack(chunk);
          chunk = await memory.take();
          filled = 0;
        } else if (at === input.length) break;
        else stopped = codec.read === 0;
      }
      if (at < input.length) checkRest(input.subarray(at));
    }
    if (!stopped) checked(damaged, () => codec.finish(chunk, filled));
    if (filled > 0) yield chunk.subarray(0, filled);
  } finally {
    memory.giveBack(chunk);
    codec.close();
  }
}
