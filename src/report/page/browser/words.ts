import { formatBytes } from "../../../format-bytes.ts";
import { CATEGORY_TITLES } from "../../treemap/category.ts";
import { changeOf } from "../../treemap/change.ts";
import { CHANGE_TITLES } from "../../treemap/palette.ts";
import type { Tree } from "../../treemap/tree.ts";
import { TreeCategories } from "../../treemap/tree-categories.ts";
import { shareText } from "./dom.ts";

/** "+1.2 MiB", "−3 B", "0 B". */
export function changeText(bytes: number): string {
  if (bytes === 0) return "0 B";
  return `${bytes < 0 ? "−" : "+"}${formatBytes(Math.abs(bytes))}`;
}

/** What a page says of names: of one image how large they are, of two what became of them. */
export class Words {
  readonly #tree: Tree;
  readonly isComparison: boolean;
  readonly categories: TreeCategories;

  constructor(tree: Tree, isComparison: boolean) {
    this.#tree = tree;
    this.isComparison = isComparison;
    this.categories = new TreeCategories(tree);
  }

  /** What a tile bears below its name. */
  size(number: number): string {
    if (!this.isComparison) return formatBytes(this.#tree.bytes[number] ?? 0);
    const change = changeOf(this.#tree, number);
    const grown = (this.#tree.after[number] ?? 0) - (this.#tree.before[number] ?? 0);
    return grown === 0 ? CHANGE_TITLES[change].toLowerCase() : changeText(grown);
  }

  /** The class that gives a tile its colour. */
  colour(number: number): string {
    return this.isComparison ? changeOf(this.#tree, number) : this.categories.dominant(number);
  }

  /** All there is to say in a line. */
  about(number: number): string {
    const tree = this.#tree;
    const isFolder = tree.isFolder(number);
    const files = isFolder ? [`${(tree.files[number] ?? 0).toLocaleString("en")} files`] : [];
    if (!this.isComparison) {
      const share = `${shareText(tree.bytes[number] ?? 0, tree.bytes[0] ?? 0)} of all`;
      const kind = isFolder ? [] : [CATEGORY_TITLES[this.categories.dominant(number)].toLowerCase()];
      return [formatBytes(tree.bytes[number] ?? 0), share, ...files, ...kind].join(", ");
    }
    const sizes = `${formatBytes(tree.before[number] ?? 0)} before, ${formatBytes(tree.after[number] ?? 0)} after`;
    const changed = isFolder ? [`${(tree.changed[number] ?? 0).toLocaleString("en")} files changed`] : [];
    return [this.size(number), sizes, ...changed].join(", ");
  }
}
