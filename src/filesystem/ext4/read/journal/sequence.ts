/** Whether a transaction's number is that of another one or of one after it: they go on at 0 past 2^32 (tid_geq). */
export function isAtOrAfter(sequence: number, other: number): boolean {
  return ((sequence - other) | 0) >= 0;
}

/** The number of the transaction that is `count` after this one. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) >>> 0;
}
