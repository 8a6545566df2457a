/**
 * What NaCl's crypto_secretbox has sealed (nacl.cr.yp.to/secretbox.html): XSalsa20 under a Poly1305 tag. node:crypto knows
 * neither. For a key's few hundred bytes, so plain rather than fast.
 */
import { timingSafeEqual } from "node:crypto";

export const KEY_BYTES = 32;
export const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const BLOCK_BYTES = 64;
/** "expand 32-byte k": Salsa20 specification, section 9. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
const ROUNDS = 20;
/** Each column, then each row, from its diagonal on. */
const QUARTERS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const;
/** Words of a state that HSalsa20 gives: where the constants and the nonce were. */
const DERIVED = [0, 5, 10, 15, 6, 7, 8, 9] as const;

/** The plain bytes; undefined where key and nonce are not those that it was sealed with, or it was changed. */
export function openSecretbox(sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer | undefined {
  if (key.length !== KEY_BYTES || nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return undefined;
  const derived = hsalsa20(key, nonce.subarray(0, 16));
  const text = sealed.subarray(TAG_BYTES);
  // The stream's first 32 bytes are the tag's key.
  const stream = salsa20Stream(derived, nonce.subarray(16), KEY_BYTES + text.length);
  const tag = poly1305(text, stream.subarray(0, KEY_BYTES));
  if (!timingSafeEqual(tag, sealed.subarray(0, TAG_BYTES))) return undefined;
  return Buffer.from(text.map((byte, i) => byte ^ (stream[KEY_BYTES + i] ?? 0)));
}

function salsa20Stream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array {
  const stream = Buffer.alloc(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES);
  for (let at = 0; at < stream.length; at += BLOCK_BYTES) {
    const input = Buffer.alloc(16);
    input.set(nonce);
    input.writeUInt32LE(at / BLOCK_BYTES, 8);
    const before = stateOf(key, input);
    const after = rounds(before);
    for (const [i, word] of after.entries())
      stream.writeUInt32LE((word + (before[i] ?? 0)) >>> 0, at + i * 4);
  }
  return stream;
}

function hsalsa20(key: Uint8Array, input: Uint8Array): Uint8Array {
  const state = rounds(stateOf(key, input));
  const derived = Buffer.alloc(KEY_BYTES);
  for (const [i, word] of DERIVED.entries()) derived.writeUInt32LE(state[word] ?? 0, i * 4);
  return derived;
}

function stateOf(key: Uint8Array, input: Uint8Array): Uint32Array {
  const k = wordsOf(key);
  const n = wordsOf(input);
  return Uint32Array.from([
    ...[SIGMA[0], ...k.slice(0, 4)],
    ...[SIGMA[1], ...n],
    ...[SIGMA[2], ...k.slice(4)],
    SIGMA[3],
  ]);
}

function wordsOf(bytes: Uint8Array): number[] {
  const buffer = Buffer.from(bytes);
  return Array.from({ length: buffer.length / 4 }, (_, i) => buffer.readUInt32LE(i * 4));
}

function rounds(state: Uint32Array): Uint32Array {
  const words = Uint32Array.from(state);
  const mix = (to: number, a: number, b: number, by: number): void => {
    const sum = ((words[a] ?? 0) + (words[b] ?? 0)) | 0;
    words[to] = (words[to] ?? 0) ^ ((sum << by) | (sum >>> (32 - by)));
  };
  for (let round = 0; round < ROUNDS; round += 2) {
    for (const [a, b, c, d] of QUARTERS) {
      mix(b, a, d, 7);
      mix(c, b, a, 9);
      mix(d, c, b, 13);
      mix(a, d, c, 18);
    }
  }
  return words;
}

/** RFC 8439, section 2.5. */
function poly1305(message: Uint8Array, key: Uint8Array): Uint8Array {
  const prime = (1n << 130n) - 5n;
  const r = numberOf(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const part = message.subarray(at, at + 16);
    sum = ((sum + numberOf(part) + (1n << BigInt(8 * part.length))) * r) % prime;
  }
  const tag = BigInt.asUintN(128, sum + numberOf(key.subarray(16)));
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse();
}

function numberOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString("hex")}`);
}
