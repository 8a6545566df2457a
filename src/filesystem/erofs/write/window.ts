/** Gaps that become one, if what lies between them goes elsewhere. */
import type { LowestGaps } from "./lowest-gaps.ts";

export interface Window {
  /** The first and the last of its gaps. */
  readonly first: number;
  readonly last: number;
  /** Its first block. */
  readonly start: number;
  /** Blocks from there to its end. */
  readonly length: number;
  /** Blocks between its gaps. */
  readonly live: number;
}

/**
 * Of the windows of `length` blocks or more that end by block `before`, the one with the fewest blocks between its gaps;
 * undefined where there is none with at most `most`. Only of gaps that nothing was taken from: between others there may
 * be what has only come there.
 */
export function findWindow(
  gaps: LowestGaps,
  length: number,
  before: number,
  most: number,
): Window | undefined {
  let best: Window | undefined;
  let first = 0;
  let live = 0;
  for (let last = 0; last < gaps.count; last++) {
    const { end } = bounds(gaps, last);
    if (end > before) break;
    if (!gaps.isWhole(last)) {
      first = last + 1;
      live = 0;
      continue;
    }
    if (last > first) live += between(gaps, last);
    while (first < last && end - bounds(gaps, first + 1).start >= length) live -= between(gaps, ++first);
    const { start } = bounds(gaps, first);
    const isBest = end - start >= length && live <= most && (best === undefined || live < best.live);
    if (isBest) best = { first, last, start, length: end - start, live };
  }
  return best;
}

/** Blocks between a gap and the one before it. */
function between(gaps: LowestGaps, gap: number): number {
  return bounds(gaps, gap).start - bounds(gaps, gap - 1).end;
}

function bounds(gaps: LowestGaps, gap: number): { readonly start: number; readonly end: number } {
  const { start, length } = gaps.all(gap);
  return { start, end: start + length };
}
