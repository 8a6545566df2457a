import { LENGTH_MORE, MIN_MATCH, TOKEN_MOST } from "./format.ts";
import type { Words } from "./words.ts";

/** A match: the input's bytes from `start` to `end` are those that lie `distance` before them. */
export interface Match {
  readonly start: number;
  readonly distance: number;
  readonly end: number;
}

/**
 * Writes the literals from `done` on and the match at byte `at` of the output, and returns where the sequence ends. Up
 * to three bytes behind the literals are read, and some behind the sequence overwritten.
 */
export function putSequence(
  input: Words,
  done: number,
  { start, distance, end }: Match,
  output: Words,
  at: number,
): number {
  const literals = start - done;
  const length = end - start - MIN_MATCH;
  const { bytes, view } = output;
  bytes[at] = (Math.min(literals, TOKEN_MOST) << 4) | Math.min(length, TOKEN_MOST);
  let put = putLength(bytes, at + 1, literals);
  for (let i = 0; i < literals; i += 4) {
    view.setInt32(put + i, input.view.getInt32(done + i, true), true);
  }
  put += literals;
  view.setInt16(put, distance, true);
  return putLength(bytes, put + 2, length);
}

/** Writes the block's last literals, from `done` to `end`, and returns where the block ends. */
export function putLastLiterals(
  input: Words,
  done: number,
  end: number,
  { bytes }: Words,
  at: number,
): number {
  const literals = end - done;
  bytes[at] = Math.min(literals, TOKEN_MOST) << 4;
  const put = putLength(bytes, at + 1, literals);
  bytes.set(input.bytes.subarray(done, end), put);
  return put + literals;
}

/** Writes what the token does not say of a length. */
export function putLength(bytes: Uint8Array, at: number, length: number): number {
  if (length < TOKEN_MOST) return at;
  let put = at;
  let rest = length - TOKEN_MOST;
  for (; rest >= LENGTH_MORE; rest -= LENGTH_MORE) bytes[put++] = LENGTH_MORE;
  bytes[put++] = rest;
  return put;
}

function lengthSize(length: number): number {
  return length < TOKEN_MOST ? 0 : 1 + Math.floor((length - TOKEN_MOST) / LENGTH_MORE);
}

export function lastLiteralsSize(literals: number): number {
  return 1 + lengthSize(literals) + literals;
}

export function sequenceSize(literals: number, match: number): number {
  return 1 + lengthSize(literals) + literals + 2 + lengthSize(match - MIN_MATCH);
}
