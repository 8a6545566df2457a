import { posix } from "node:path";
import type { ImageDifference } from "../convert/diff-images.ts";

/** What differs in one folder, not in those below it. */
export interface FolderTotals {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** By how many the files' bytes are more. */
  readonly bytes: number;
}

/** By folder, in the order of the differences. */
export function folderTotals(differences: readonly ImageDifference[]): FolderTotals[] {
  const folders = new Map<string, { added: number; removed: number; changed: number; bytes: number }>();
  for (const { path, change, before, after } of differences) {
    const folder = posix.dirname(path);
    const totals = folders.get(folder) ?? { added: 0, removed: 0, changed: 0, bytes: 0 };
    folders.set(folder, totals);
    totals[change]++;
    totals.bytes += bytesOf(after) - bytesOf(before);
  }
  return [...folders].map(([path, totals]) => ({ path, ...totals }));
}

/** Of a file with several names once. */
function bytesOf(facts: ImageDifference["before"]): number {
  return facts?.link === undefined ? (facts?.size ?? 0) : 0;
}
