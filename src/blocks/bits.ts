/** Bitmaps: bit n is bit n % 8 of byte n / 8. */

/** Clears the bits from `from` up to and without `to`. */
export function clearBits(bitmap: Uint8Array, from: number, to: number): void {
  let bit = from;
  for (; bit < to && (bit & 7) !== 0; bit++) clearBit(bitmap, bit);
  const wholeEnd = to & ~7;
  if (bit < wholeEnd) {
    bitmap.fill(0, bit >> 3, wholeEnd >> 3);
    bit = wholeEnd;
  }
  for (; bit < to; bit++) clearBit(bitmap, bit);
}

function clearBit(bitmap: Uint8Array, bit: number): void {
  bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) & ~(1 << (bit & 7));
}

/** How many of the bits from `from` up to and without `to` are set. */
export function countBits(bitmap: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let bit = from; bit < to; bit++) count += ((bitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  return count;
}
