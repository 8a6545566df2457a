/** The half MD4 of fs/ext4/hash.c (half_md4_transform): three rounds of eight steps over eight words. */

interface Round {
  readonly constant: number;
  readonly words: readonly number[];
  readonly shifts: readonly number[];
}

const SELECT: Round = { constant: 0, words: [0, 1, 2, 3, 4, 5, 6, 7], shifts: [3, 7, 11, 19] };
const MAJORITY: Round = { constant: 0x5a827999, words: [1, 3, 5, 7, 0, 2, 4, 6], shifts: [3, 5, 9, 13] };
const PARITY: Round = { constant: 0x6ed9eba1, words: [3, 7, 2, 6, 1, 5, 0, 4], shifts: [3, 9, 11, 15] };

const select = (x: number, y: number, z: number): number => z ^ (x & (y ^ z));
const majority = (x: number, y: number, z: number): number => (x & y) + ((x ^ y) & z);
const parity = (x: number, y: number, z: number): number => x ^ y ^ z;

/** Mixes eight words into the state of four; both are changed in place or read as 32-bit integers. */
export function halfMd4Transform(state: Int32Array, words: Int32Array): void {
  const [a = 0, b = 0, c = 0, d = 0] = state;
  mix(state, words, SELECT, select);
  mix(state, words, MAJORITY, majority);
  mix(state, words, PARITY, parity);
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}

function mix(
  state: Int32Array,
  words: Int32Array,
  round: Round,
  combine: (x: number, y: number, z: number) => number,
): void {
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  for (let step = 0; step < 8; step++) {
    const word = words[round.words[step] ?? 0] ?? 0;
    const shift = round.shifts[step & 3] ?? 0;
    const sum = (a + combine(b, c, d) + word + round.constant) | 0;
    // The step's target moves one register on each time; eight steps bring every register home.
    a = d;
    d = c;
    c = b;
    b = (sum << shift) | (sum >>> (32 - shift));
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}
