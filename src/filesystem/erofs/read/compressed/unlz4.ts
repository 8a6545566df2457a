/** LZ4's block format (lz4_Block_format.md of LZ4's sources), read. */

/** Lengths of 15 go on in bytes of their own, up to one that is not 255. */
const LENGTH_GOES_ON = 15;
const BYTE_GOES_ON = 255;
const LEAST_MATCH = 4;

/**
 * The first `length` bytes that a block makes; what it makes past them, or holds past its end, is not looked at. Throws
 * for a block that makes fewer, or points before its beginning.
 */
export function unlz4(block: Uint8Array, length: number): Uint8Array {
  const made = new Uint8Array(length);
  const source = new Source(block);
  for (let at = 0; at < length; ) {
    const token = source.byte();
    const literals = source.bytes(source.length(token >> 4));
    made.set(literals.subarray(0, length - at), at);
    at += literals.length;
    if (at >= length) break;
    const distance = source.byte() + source.byte() * 256;
    if (distance === 0 || distance > at) throw new Error("a match is from before the beginning");
    const end = Math.min(at + LEAST_MATCH + source.length(token & 15), length);
    copyMatch(made, at, distance, end);
    at = end;
  }
  return made;
}

/** A match may reach into what it makes itself. */
function copyMatch(made: Uint8Array, from: number, distance: number, end: number): void {
  if (distance >= end - from) {
    made.copyWithin(from, from - distance, end - distance);
    return;
  }
  for (let at = from; at < end; at++) made[at] = made[at - distance] ?? 0;
}

class Source {
  readonly #block: Uint8Array;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  byte(): number {
    const byte = this.#block[this.#at];
    if (byte === undefined) throw new Error("the block is cut short");
    this.#at++;
    return byte;
  }

  bytes(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#block.length) throw new Error("the block is cut short");
    const bytes = this.#block.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** A length whose first four bits are `bits`. */
  length(bits: number): number {
    let length = bits;
    if (bits < LENGTH_GOES_ON) return length;
    for (let byte = BYTE_GOES_ON; byte === BYTE_GOES_ON; length += byte) byte = this.byte();
    return length;
  }
}
