/** A run that may become longer. */
export interface GrowingRun {
  readonly start: number;
  length: number;
}

/** Adds a run, which may go on where the last one ends: files mostly do, and nothing is made for them. */
export function appendBlocks(runs: GrowingRun[], start: number, length: number): void {
  const last = runs.at(-1);
  if (last && last.start + last.length === start) last.length += length;
  else runs.push({ start, length });
}
