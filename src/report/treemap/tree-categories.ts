import { CATEGORIES, type Category, categoryOf } from "./category.ts";
import type { Tree } from "./tree.ts";

/** What the files of a tree are, each looked at once. */
export class TreeCategories {
  readonly #tree: Tree;
  /** Of a file the place of its category in CATEGORIES, and 1 more; 0 for what is none. */
  readonly #codes: Uint8Array;

  constructor(tree: Tree) {
    this.#tree = tree;
    this.#codes = new Uint8Array(tree.kinds.length);
    for (let at = 0; at < this.#codes.length; at++) {
      if (tree.isFolder(at) || tree.files[at] === 0) continue;
      this.#codes[at] = CATEGORIES.indexOf(categoryOf(tree.names[at] ?? "", tree.kinds[at] === "x")) + 1;
    }
  }

  /** Bytes of each category in a name and below. */
  sums(number: number): ReadonlyMap<Category, number> {
    const { ends, bytes } = this.#tree;
    const sums = new Float64Array(CATEGORIES.length + 1);
    for (let at = number; at < (ends[number] ?? 0); at++) {
      const code = this.#codes[at] ?? 0;
      if (code > 0) sums[code] = (sums[code] ?? 0) + (bytes[at] ?? 0);
    }
    return new Map(CATEGORIES.map((category, i) => [category, sums[i + 1] ?? 0]));
  }

  /** What a file is, or what of a folder the most bytes are. */
  dominant(number: number): Category {
    let found: Category = "others";
    const sums = this.sums(number);
    for (const [category, sum] of sums) if (sum > (sums.get(found) ?? 0)) found = category;
    return found;
  }
}
