import { BLOCK_KINDS, type BlockKind, type BlockRow } from "./report.ts";

/** A letter for each cell of a map: the kind's own, small where half of the cell or more is free. */
export const CELL_LETTERS: Readonly<Record<BlockKind, string>> = {
  metadata: "M",
  directories: "D",
  contents: "C",
  journal: "J",
  free: ".",
};

/**
 * A filesystem's blocks in at most `cells` cells of as many blocks each, but for the last. A cell is of the kind that it
 * has the most of but for free blocks: what little lies among free blocks is to be seen.
 */
export function blockCells(
  rows: readonly BlockRow[],
  blocks: number,
  cells: number,
): { readonly perCell: number; readonly letters: string } {
  const perCell = Math.max(1, Math.ceil(blocks / cells));
  const count = Math.ceil(blocks / perCell);
  const sums = new Float64Array(count * BLOCK_KINDS.length);
  for (const [first, length, kind] of rows) {
    for (let at = first; at < first + length; ) {
      const cell = Math.floor(at / perCell);
      const end = Math.min(first + length, (cell + 1) * perCell);
      const place = cell * BLOCK_KINDS.length + kind;
      sums[place] = (sums[place] ?? 0) + end - at;
      at = end;
    }
  }
  let letters = "";
  for (let cell = 0; cell < count; cell++) {
    const size = Math.min(perCell, blocks - cell * perCell);
    letters += letterOf(sums.subarray(cell * BLOCK_KINDS.length, (cell + 1) * BLOCK_KINDS.length), size);
  }
  return { perCell, letters };
}

function letterOf(sums: Float64Array, size: number): string {
  let [most, found]: [number, BlockKind] = [0, "free"];
  for (const [number, kind] of BLOCK_KINDS.entries()) {
    const sum = sums[number] ?? 0;
    if (kind !== "free" && sum > most) [most, found] = [sum, kind];
  }
  const isMostlyFree = (sums[BLOCK_KINDS.indexOf("free")] ?? 0) * 2 >= size;
  return isMostlyFree ? CELL_LETTERS[found].toLowerCase() : CELL_LETTERS[found];
}
