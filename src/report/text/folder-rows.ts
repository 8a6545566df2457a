import { formatBytes } from "../../format-bytes.ts";
import type { FileList } from "../facts/file-list.ts";

/** How deep folders are told, and from what part of the whole on. */
const MOST_DEPTH = 4;
const LEAST_SHARE = 0.02;
const BAR = 20;

/** Folders that matter: each with its bytes, its share, a bar of that and its path, the largest first beside others. */
export function folderRows(list: FileList): string[][] {
  const sums = list.sums(({ bytes }) => bytes);
  const whole = sums[0] ?? 0;
  const children = new Map<number, number[]>();
  for (const [number, { kind, parent }] of list.names.entries()) {
    if (kind !== "d" || number === 0 || (sums[number] ?? 0) < whole * LEAST_SHARE || whole === 0) continue;
    const known = children.get(parent) ?? [];
    children.set(parent, known);
    known.push(number);
  }
  const rows: string[][] = [];
  const work = [{ number: 0, depth: 0 }];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const { number, depth } = next;
    const share = whole === 0 ? 0 : (sums[number] ?? 0) / whole;
    rows.push([
      formatBytes(sums[number] ?? 0),
      `${Math.round(share * 100)} %`,
      "█".repeat(Math.round(share * BAR)),
      list.pathOf(number),
    ]);
    if (depth === MOST_DEPTH) continue;
    const below = (children.get(number) ?? []).sort((a, b) => (sums[a] ?? 0) - (sums[b] ?? 0));
    work.push(...below.map((each) => ({ number: each, depth: depth + 1 })));
  }
  return rows;
}
