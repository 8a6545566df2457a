import type { Change } from "./palette.ts";
import type { Tree } from "./tree.ts";

/** What became of a name between two images. */
export function changeOf(tree: Tree, number: number): Change {
  const [before, after] = [tree.before[number] ?? 0, tree.after[number] ?? 0];
  const absent = tree.absent[number] ?? 0;
  if (!tree.isFolder(number) && (absent & 1) !== 0) return "added";
  if (!tree.isFolder(number) && (absent & 2) !== 0) return "removed";
  if (before === after) return (tree.changed[number] ?? 0) > 0 ? "changed" : "same";
  if (before === 0) return "added";
  if (after === 0) return "removed";
  return after > before ? "grown" : "shrunk";
}
