import { Readable } from "node:stream";
import type { Deadline } from "./deadline.ts";

/** Bytes that are handed to the connection at once: it has to take them within the time for an answer. */
export const PIECE = 256 << 10;

/** The header that says how long a body of bytes is. undici writes that of a text by itself. */
export function lengthOf(body: string | Uint8Array | undefined): Readonly<Record<string, string>> {
  return body instanceof Uint8Array ? { "content-length": String(body.length) } : {};
}

/**
 * A body as undici takes it. Of one that takes long the deadline is moved as long as it goes on: the server cannot
 * answer before it is there.
 */
export function requestBody(
  body: string | Uint8Array | undefined,
  deadline: Deadline,
): { body?: string | Uint8Array | Readable } {
  if (body === undefined) return {};
  if (typeof body === "string" || body.length <= PIECE) return { body };
  return { body: Readable.from(pieces(body, deadline), { objectMode: false, highWaterMark: PIECE }) };
}

function* pieces(bytes: Uint8Array, deadline: Deadline): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) {
    deadline.restart();
    yield bytes.subarray(at, at + PIECE);
  }
}
