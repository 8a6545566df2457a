import { createReadStream } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import { whyUnreadable } from "../system-errors.ts";

/** Bytes that are read of a file; a key has some hundred. */
const KEY_FILE_LIMIT = 64 << 10;

/**
 * What a file with a key begins with, one character for each byte: a stream, because the key may come through a pipe, which
 * has no size. Throws E_USAGE, with `hint` for what to name in its place.
 */
export async function readKeyFile(path: string, hint: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of createReadStream(path, { end: KEY_FILE_LIMIT - 1 })) chunks.push(chunk);
  } catch (cause) {
    throw unusableKey(path, whyUnreadable(cause), hint, cause);
  }
  return Buffer.concat(chunks).toString("latin1");
}

/** The error for a key that is of no use, to be thrown. */
export function unusableKey(path: string, what: string, hint: string, cause?: unknown): Docker2vmError {
  return new Docker2vmError("E_USAGE", `the key ${path}: ${what}`, { hint, cause });
}
