/** The middle one; of an even number the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

/** From the least to the greatest, as a share of the median: what noise there was. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

export interface Point {
  readonly size: number;
  readonly seconds: number;
}

/**
 * The k of seconds = startUp + c · size^k: the slope of the least-squares line through the logarithms. Points that are
 * no slower than the start-up say nothing and are left out; NaN if fewer than two remain.
 */
export function growthExponent(points: readonly Point[], startUp: number): number {
  const logs = points
    .filter(({ seconds }) => seconds > startUp)
    .map(({ size, seconds }) => ({ x: Math.log(size), y: Math.log(seconds - startUp) }));
  const mean = (of: (log: { x: number; y: number }) => number): number =>
    logs.reduce((sum, log) => sum + of(log), 0) / logs.length;
  const x = mean((log) => log.x);
  const y = mean((log) => log.y);
  return mean((log) => (log.x - x) * (log.y - y)) / mean((log) => (log.x - x) ** 2);
}
