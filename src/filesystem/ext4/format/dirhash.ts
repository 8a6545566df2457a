import { halfMd4Transform } from "./half-md4.ts";

/** EXT4_HTREE_EOF_32BIT << 1: means "past the last entry", so no name may hash to it. */
const END_OF_DIRECTORY = 0xfffffffe;
const WORDS = 8;
const CHUNK = WORDS * 4;

/** The hash of a name as an indexed directory orders entries by; bit 0 is always clear. */
export type DirectoryHash = (name: string) => number;

/**
 * ext4fs_dirhash (fs/ext4/hash.c) for half MD4 with a seed of 16 bytes, which may be all zeros for the algorithm's
 * own. `signedness` says how characters from 128 on count: s_flags must say the same.
 */
export function directoryHash(seed: Uint8Array, signedness: "signed" | "unsigned"): DirectoryHash {
  const initial = initialState(seed);
  const state = new Int32Array(4);
  const words = new Int32Array(WORDS);
  const signed = signedness === "signed";
  return (name) => {
    state.set(initial);
    for (let from = 0; from < name.length; from += CHUNK) {
      fillWords(words, name, from, signed);
      halfMd4Transform(state, words);
    }
    const hash = ((state[1] ?? 0) & ~1) >>> 0;
    return hash === END_OF_DIRECTORY ? END_OF_DIRECTORY - 2 : hash;
  };
}

/** Where a hash with a seed of 16 bytes begins. */
export function initialState(seed: Uint8Array): Int32Array {
  if (seed.every((byte) => byte === 0)) {
    return Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  }
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  return Int32Array.from({ length: 4 }, (_, word) => view.getInt32(word * 4, true));
}

/** str2hashbuf: the name's next characters, four to a word; what is left of the words is made of its length. */
export function fillWords(words: Int32Array, name: string, from: number, signed: boolean): void {
  const left = name.length - from;
  const pad = left | (left << 8) | ((left | (left << 8)) << 16);
  const length = Math.min(left, words.length * 4);
  words.fill(pad);
  let word = pad;
  for (let i = 0; i < length; i++) {
    const character = name.charCodeAt(from + i);
    word = ((signed ? (character << 24) >> 24 : character) + (word << 8)) | 0;
    if ((i & 3) === 3) {
      words[i >> 2] = word;
      word = pad;
    }
  }
  if ((length & 3) !== 0) words[length >> 2] = word;
}
