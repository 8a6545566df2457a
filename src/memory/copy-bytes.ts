const { copy } = Buffer.prototype;

/**
 * Copies bytes `from` up to, not including, `end` of `source` to byte `at` of `target`, which has room for them. Of short
 * pieces Bun copies three in the time that it takes to make a view of one.
 */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  end: number,
): void {
  copy.call(source, target, at, from, end);
}
