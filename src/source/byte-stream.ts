import { EventEmitter } from "node:events";
import { Docker2vmError } from "../errors.ts";
import { inputError } from "./system-errors.ts";

/**
 * Bytes of a caller's: all of them, or as they come, from a web stream, a Node stream or any other source of chunks. Whoever
 * reads closes it at the end: a web stream is cancelled where not all of it is wanted.
 */
export type ByteStream = Uint8Array | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** Of bytes that are all here: between two of them a signal is heard. */
const PIECE = 1 << 20;

/**
 * The bytes in chunks. `name` says in messages what they are. Throws E_USAGE for chunks that are no bytes, what says why
 * already, and E_IO for any other error of the stream's.
 */
export async function* chunksOf(bytes: ByteStream, name: string): AsyncGenerator<Uint8Array> {
  if (bytes instanceof Uint8Array) {
    for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
    return;
  }
  try {
    for await (const chunk of bytes) {
      if (!(chunk instanceof Uint8Array)) throw noBytes(chunk, name);
      yield chunk;
    }
  } catch (error) {
    throw inputError(error, name);
  }
}

/**
 * To be called as soon as bytes are given. A Node stream that fails before anybody reads it, as one of a file that is not
 * there does, tells nobody otherwise, and Node ends the program for that; whoever reads it hears of it all the same.
 */
export function awaitReader(bytes: ByteStream): void {
  if (bytes instanceof EventEmitter) bytes.on("error", () => undefined);
}

/** Types keep others out, but not of JavaScript. */
function noBytes(chunk: unknown, name: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${name} gives a chunk that is no Uint8Array (${typeof chunk})`, {
    hint: "give bytes: a Node stream without an encoding, a web stream of Uint8Array",
  });
}
