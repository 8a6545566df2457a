import type { BlockUse } from "../../filesystem/reading/block-use.ts";
import { sortedByNumber } from "../../waiting/sorted.ts";
import type { Steps } from "../../waiting/steps.ts";
import { BLOCK_KINDS, type BlockKind, type BlockRow } from "./report.ts";

/** The same blocks ascending, each once: what two use is the first one's. */
export function* disjointUses(uses: readonly BlockUse[]): Steps<BlockUse[]> {
  const disjoint: BlockUse[] = [];
  let at = 0;
  for (const { start, length, use } of yield* sortedByNumber(uses, ({ start: block }) => block)) {
    const first = Math.max(at, start);
    at = Math.max(at, start + length);
    if (at <= first) continue;
    const last = disjoint.at(-1);
    if (last?.use === use && last.start + last.length === first)
      disjoint[disjoint.length - 1] = { start: last.start, length: at - last.start, use };
    else disjoint.push({ start: first, length: at - first, use });
  }
  return disjoint;
}

/** All blocks of a filesystem in rows, by uses that are disjoint and ascend: what nobody uses is metadata. */
export function blockRows(uses: readonly BlockUse[], blocks: number): readonly BlockRow[] {
  const rows: BlockRow[] = [];
  const put = (first: number, end: number, kind: BlockKind): void => {
    if (end > first) rows.push([first, end - first, BLOCK_KINDS.indexOf(kind)]);
  };
  let at = 0;
  for (const { start, length, use } of uses) {
    const [first, end] = [Math.min(start, blocks), Math.min(start + length, blocks)];
    put(at, first, "metadata");
    put(first, end, use);
    at = end;
  }
  put(at, blocks, "metadata");
  return rows;
}

/** How many blocks there are of each kind. */
export function blocksOf(rows: readonly BlockRow[]): Record<BlockKind, number> {
  const sums: Record<BlockKind, number> = { metadata: 0, directories: 0, contents: 0, journal: 0, free: 0 };
  for (const [, length, kind] of rows) sums[BLOCK_KINDS[kind] ?? "metadata"] += length;
  return sums;
}
