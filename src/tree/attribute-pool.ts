import { createHash } from "node:crypto";
import type { Xattr } from "./inode.ts";
import { TREE_COST, type TreeBudget } from "./tree-budget.ts";

/** Values up to this are told apart by themselves, longer ones by their hash. */
const SHORT = 256;

/** The extended attributes of an image, each kept once: labels and capabilities are the same for many files. */
export class AttributePool {
  readonly #budget: TreeBudget;
  readonly #known = new Map<string, Xattr>();

  constructor(budget: TreeBudget) {
    this.#budget = budget;
  }

  /** The one object for this name and this value; `value` has one character per byte. */
  get(name: string, value: string): Xattr {
    const key =
      value.length <= SHORT
        ? `${name}\0=${value}`
        : `${name}\0#${createHash("sha256").update(value, "latin1").digest("hex")}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#budget.spend(TREE_COST.attribute + name.length + value.length);
    const xattr = { name, value: Buffer.from(value, "latin1") };
    this.#known.set(key, xattr);
    return xattr;
  }

  /** Reckons with one more list of so many attributes. */
  keepList(length: number): void {
    this.#budget.spend(TREE_COST.list + length * TREE_COST.slot);
  }
}
