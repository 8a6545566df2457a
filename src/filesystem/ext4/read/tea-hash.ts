import { type DirectoryHash, fillWords, initialState } from "../format/dirhash.ts";

const WORDS = 4;
const CHUNK = WORDS * 4;
const DELTA = 0x9e3779b9;
const ROUNDS = 16;

/** The hash of names that an htree of version TEA is ordered by (fs/ext4/hash.c, DX_HASH_TEA). */
export function teaHash(seed: Uint8Array, signedness: "signed" | "unsigned"): DirectoryHash {
  const initial = initialState(seed);
  const words = new Int32Array(WORDS);
  return (name) => {
    let [first = 0, second = 0] = initial;
    for (let from = 0; from < name.length; from += CHUNK) {
      fillWords(words, name, from, signedness === "signed");
      [first, second] = mix(first, second, words);
    }
    return (first & ~1) >>> 0;
  };
}

/** The Tiny Encryption Algorithm with the words as key; what goes in is added to what comes out. */
function mix(first: number, second: number, words: Int32Array): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = words;
  let x = first;
  let y = second;
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    sum = (sum + DELTA) | 0;
    x = (x + (((y << 4) + a) ^ (y + sum) ^ ((y >>> 5) + b))) | 0;
    y = (y + (((x << 4) + c) ^ (x + sum) ^ ((x >>> 5) + d))) | 0;
  }
  return [(first + x) | 0, (second + y) | 0];
}
