/** Bytes to be compressed, from what shrinks to nothing to what does not shrink at all. */

/** As numbers go that are the same each time. */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 8;
  };
}

/** Bytes that nothing can be said about. */
export function noise(length: number, seed = 1): Uint8Array {
  const next = numbersFrom(seed);
  return Uint8Array.from({ length }, () => next() >> 8);
}

const WORDS = noise(3000, 99);

/** Words of 2 to 17 bytes out of a few hundred, as text and programs have them. */
export function text(length: number, seed = 1): Uint8Array {
  const next = numbersFrom(seed);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const word = (next() % 300) * 10;
    const part = WORDS.subarray(word, word + 2 + (next() % 16)).subarray(0, length - at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Noise that comes again after so many bytes. */
export function repeated(length: number, period: number): Uint8Array {
  const once = noise(period, 5);
  return Uint8Array.from({ length }, (_, i) => once[i % period] ?? 0);
}

/** Stretches of all these, one after another. */
export function mixture(length: number, seed = 1): Uint8Array {
  const next = numbersFrom(seed);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const most = Math.min(1 + (next() % 20_000), length - at);
    const kind = next() % 4;
    const part =
      kind === 0
        ? noise(most, next())
        : kind === 1
          ? text(most, next())
          : kind === 2
            ? repeated(most, 1 + (next() % 300))
            : new Uint8Array(most);
    bytes.set(part, at);
    at += most;
  }
  return bytes;
}

export const KINDS: readonly (readonly [string, (length: number) => Uint8Array])[] = [
  ["zeros", (length) => new Uint8Array(length)],
  ["noise", noise],
  ["text", text],
  ["what comes again at the farthest distance", (length) => repeated(length, 65_535)],
  ["what comes again just too far away", (length) => repeated(length, 65_536)],
  ["what comes again at once", (length) => repeated(length, 3)],
  ["all kinds of bytes", mixture],
];
