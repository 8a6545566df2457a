import {
  BRANCH,
  BRANCH_PAGE,
  BUCKET,
  BUCKET_ELEMENT,
  BUCKET_HEADER,
  ELEMENT_SIZE,
  type Field,
  LEAF,
  LEAF_PAGE,
  PAGE,
  PAGE_HEADER,
  readField,
} from "./format.ts";
import { brokenDatabase, type Pages } from "./pages.ts";

/** Levels of a tree; with a hundred keys to a page five hold any database. */
const DEPTH_LIMIT = 30;

/** A key with what it stands for: bytes, or a bucket of its own. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array | Bucket;
}

/** Keys and values in the order of their keys; keys are UTF-8. */
export class Bucket {
  readonly #pages: Pages;
  readonly #root: number | Uint8Array;

  /** @param root a page, or the bytes of one that lies in the bucket that this one is in */
  constructor(pages: Pages, root: number | Uint8Array) {
    this.#pages = pages;
    this.#root = root;
  }

  /** All there is. Throws E_BAD_MANIFEST where the database is not whole. */
  *entries(): Generator<Entry> {
    const seen = new Set<number>();
    yield* typeof this.#root === "number"
      ? this.#walk(this.#root, seen, 0)
      : this.#elements(this.#root, seen, 0);
  }

  /** The bucket of that key, undefined where there is none. Throws as entries does. */
  bucket(key: string): Bucket | undefined {
    const value = this.#find(key);
    return value instanceof Bucket ? value : undefined;
  }

  /** The bytes of that key, undefined where there are none. Throws as entries does. */
  value(key: string): Uint8Array | undefined {
    const value = this.#find(key);
    return value instanceof Bucket ? undefined : value;
  }

  #find(key: string): Uint8Array | Bucket | undefined {
    for (const entry of this.entries()) if (entry.key === key) return entry.value;
    return undefined;
  }

  *#walk(page: number, seen: Set<number>, depth: number): Generator<Entry> {
    if (seen.has(page) || depth > DEPTH_LIMIT) throw this.#broken(`page ${page} is below itself`);
    seen.add(page);
    const head = this.#pages.read(page, 1);
    if (this.#field(head, PAGE.id) !== page) throw this.#broken(`page ${page} is another one`);
    const overflow = this.#field(head, PAGE.overflow);
    yield* this.#elements(overflow === 0 ? head : this.#pages.read(page, 1 + overflow), seen, depth);
  }

  *#elements(page: Uint8Array, seen: Set<number>, depth: number): Generator<Entry> {
    const flags = this.#field(page, PAGE.flags);
    if (flags !== BRANCH_PAGE && flags !== LEAF_PAGE) throw this.#broken(`a page of kind ${flags} in a tree`);
    const count = this.#field(page, PAGE.count);
    for (let i = 0; i < count; i++) {
      const element = page.subarray(PAGE_HEADER + i * ELEMENT_SIZE);
      if (flags === BRANCH_PAGE) yield* this.#walk(this.#field(element, BRANCH.page), seen, depth + 1);
      else yield this.#entry(element);
    }
  }

  #entry(element: Uint8Array): Entry {
    const start = this.#field(element, LEAF.position);
    const middle = start + this.#field(element, LEAF.keySize);
    const end = middle + this.#field(element, LEAF.valueSize);
    if (end > element.length) throw this.#broken("a value lies beyond its page");
    const key = Buffer.from(element.subarray(start, middle)).toString("utf8");
    const value = element.subarray(middle, end);
    if ((this.#field(element, LEAF.flags) & BUCKET_ELEMENT) === 0) return { key, value };
    const root = this.#field(value, BUCKET.root);
    return { key, value: new Bucket(this.#pages, root === 0 ? value.subarray(BUCKET_HEADER) : root) };
  }

  #field(bytes: Uint8Array, field: Field): number {
    const value = readField(bytes, field);
    if (value === undefined) throw this.#broken("a page ends early, or a number in it is too large");
    return value;
  }

  #broken(how: string): Error {
    return brokenDatabase(this.#pages.path, how);
  }
}
