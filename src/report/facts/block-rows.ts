import type { BlockUse } from "../../filesystem/reading/block-use.ts";
import { sortedByNumber } from "../../waiting/sorted.ts";
import type { Steps } from "../../waiting/steps.ts";
import { BLOCK_KINDS, type BlockKind, type BlockRow } from "./report.ts";

/** All blocks of a filesystem in rows, ascending: what nobody uses is metadata, what two use is the first one's. */
export function* blockRows(uses: readonly BlockUse[], blocks: number): Steps<readonly BlockRow[]> {
  const rows: [first: number, length: number, kind: number][] = [];
  const put = (first: number, length: number, kind: BlockKind): void => {
    const number = BLOCK_KINDS.indexOf(kind);
    const last = rows.at(-1);
    if (length <= 0) return;
    if (last?.[2] === number) last[1] += length;
    else rows.push([first, length, number]);
  };
  let at = 0;
  for (const { start, length, use } of yield* sortedByNumber(uses, ({ start: block }) => block)) {
    const end = Math.min(start + length, blocks);
    put(at, start - at, "metadata");
    const first = Math.max(at, start);
    put(first, end - first, use);
    at = Math.max(at, end);
  }
  put(at, blocks - at, "metadata");
  return rows;
}

/** How many blocks there are of each kind. */
export function blocksOf(rows: readonly BlockRow[]): Record<BlockKind, number> {
  const sums: Record<BlockKind, number> = { metadata: 0, directories: 0, contents: 0, journal: 0, free: 0 };
  for (const [, length, kind] of rows) sums[BLOCK_KINDS[kind] ?? "metadata"] += length;
  return sums;
}
