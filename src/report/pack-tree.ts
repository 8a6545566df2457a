import type { FileList } from "./facts/file-list.ts";
import type { MergedName } from "./facts/merge-trees.ts";
import type { PackedTree } from "./treemap/tree.ts";

/** The names of an image, for a page. */
export function packedList({ names }: FileList): PackedTree {
  const bytes = names.flatMap((name) => (name.kind === "f" || name.kind === "x" ? name.bytes : []));
  return {
    names: joined(names),
    kinds: names.map(({ kind }) => kind).join(""),
    counts: countsOf(names),
    bytes,
  };
}

/** The names of two images, for a page. */
export function packedComparison(names: readonly MergedName[]): PackedTree {
  const files = names.filter(({ isFile, isFolder }) => isFile && !isFolder);
  return {
    names: joined(names),
    kinds: names.map(kindOf).join(""),
    counts: countsOf(names),
    bytes: files.map(({ before }) => before ?? -1),
    after: files.map(({ after }) => after ?? -1),
  };
}

function kindOf({ isFolder, isFile, isSame }: MergedName): "d" | "f" | "m" | "o" {
  if (isFolder) return "d";
  if (!isFile) return "o";
  return isSame ? "f" : "m";
}

function joined(names: readonly { readonly name: string }[]): string {
  return names.map(({ name }) => name).join("/");
}

/** For each folder, how many names are in it. */
function countsOf(names: readonly { readonly parent: number }[]): number[] {
  const counts = new Int32Array(names.length);
  for (let number = 1; number < names.length; number++) {
    const parent = names[number]?.parent ?? 0;
    counts[parent] = (counts[parent] ?? 0) + 1;
  }
  return names.flatMap((name, number) => (isFolder(name) ? (counts[number] ?? 0) : []));
}

function isFolder(name: object): boolean {
  return "kind" in name ? name.kind === "d" : "isFolder" in name && name.isFolder === true;
}
