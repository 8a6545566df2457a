/** Squarified treemaps: M. Bruls, K. Huizing, J. J. van Wijk, "Squarified Treemaps" (2000). */

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A rectangle for each value, in proportion to it and as nearly square as can be; together they fill `area` where the
 * values come to `whole`. Values descend, none is below 0.
 */
export function squarify(values: readonly number[], whole: number, area: Rectangle): Rectangle[] {
  const placed: Rectangle[] = [];
  let { x, y, width, height } = area;
  const scale = whole > 0 ? (area.width * area.height) / whole : 0;
  for (let at = 0; at < values.length; ) {
    const side = Math.min(width, height);
    const row = rowFrom(values, at, scale, side);
    const sum = row.reduce((total, size) => total + size, 0);
    const thickness = side > 0 ? sum / side : 0;
    let along = 0;
    for (const size of row) {
      const length = thickness > 0 ? size / thickness : 0;
      placed.push(
        width >= height
          ? { x, y: y + along, width: thickness, height: length }
          : { x: x + along, y, width: length, height: thickness },
      );
      along += length;
    }
    if (width >= height) [x, width] = [x + thickness, Math.max(0, width - thickness)];
    else [y, height] = [y + thickness, Math.max(0, height - thickness)];
    at += row.length;
  }
  return placed;
}

/** The areas that are laid along a side: as many as make its worst rectangle no worse. */
function rowFrom(values: readonly number[], from: number, scale: number, side: number): number[] {
  const row: number[] = [];
  let sum = 0;
  let worst = Number.POSITIVE_INFINITY;
  for (let at = from; at < values.length; at++) {
    const size = (values[at] ?? 0) * scale;
    const next = worstRatio(row[0] ?? size, size, sum + size, side);
    if (row.length > 0 && next > worst) break;
    row.push(size);
    sum += size;
    worst = next;
  }
  return row;
}

/** Of the largest and the smallest of a row. */
function worstRatio(largest: number, smallest: number, sum: number, side: number): number {
  if (smallest <= 0 || sum <= 0) return Number.POSITIVE_INFINITY;
  return Math.max((side * side * largest) / (sum * sum), (sum * sum) / (side * side * smallest));
}
