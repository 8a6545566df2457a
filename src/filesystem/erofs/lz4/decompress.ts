import { LENGTH_MORE, MIN_MATCH, TOKEN_MOST } from "./format.ts";

/**
 * Decodes an LZ4 block into `output`, from its start on, until either ends, and returns how many bytes there are;
 * undefined where the block is broken as far as it was read. Neither is read or written past its end, whatever the block
 * says, and every step takes a byte of the block.
 */
export function decompressBlock(block: Uint8Array, output: Uint8Array): number | undefined {
  const reader = new Reader(block);
  let size = 0;
  while (reader.left > 0) {
    const token = reader.byte();
    const literals = reader.length(token >> 4);
    if (literals > reader.left) return undefined;
    const fitting = Math.min(literals, output.length - size);
    copyLiterals(block, reader.at, output, size, fitting);
    reader.at += literals;
    size += fitting;
    if (reader.left === 0 || size === output.length) return size;

    if (reader.left < 2) return undefined;
    const distance = reader.byte() | (reader.byte() << 8);
    const match = reader.length(token & TOKEN_MOST) + MIN_MATCH;
    if (distance === 0 || distance > size || !Number.isSafeInteger(match)) return undefined;
    const length = Math.min(match, output.length - size);
    copyMatch(output, size, distance, length);
    size += length;
    if (size === output.length) return size;
  }
  // The last sequence has no match.
  return undefined;
}

class Reader {
  at = 0;
  readonly #block: Uint8Array;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  get left(): number {
    return this.#block.length - this.at;
  }

  byte(): number {
    return this.#block[this.at++] as number;
  }

  /** A length that the token begins; more than anything holds where the block ends within it. */
  length(begun: number): number {
    if (begun < TOKEN_MOST) return begun;
    let length = begun;
    for (;;) {
      if (this.left === 0) return Number.MAX_SAFE_INTEGER;
      const more = this.byte();
      length += more;
      if (more < LENGTH_MORE) return length;
    }
  }
}

/** Shorter runs are copied faster by hand. */
const WORTH_A_CALL = 48;

function copyLiterals(block: Uint8Array, from: number, output: Uint8Array, to: number, length: number): void {
  if (length >= WORTH_A_CALL) output.set(block.subarray(from, from + length), to);
  else for (let i = 0; i < length; i++) output[to + i] = block[from + i] as number;
}

function copyMatch(output: Uint8Array, to: number, distance: number, length: number): void {
  const from = to - distance;
  if (length >= WORTH_A_CALL && distance >= length) output.copyWithin(to, from, from + length);
  else for (let i = 0; i < length; i++) output[to + i] = output[from + i] as number;
}
