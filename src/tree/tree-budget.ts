import { Docker2vmError } from "../errors.ts";

/** Bytes: some five million files, or as much in attributes. */
export const TREE_BYTES = 2 ** 30;

/**
 * What is reckoned for each thing that waits, in bytes. The bytes of paths, targets and values come on top; what the
 * runtime takes for it all is a few times as much, and not reckoned.
 */
export const TREE_COST = {
  /** An entry of a tar, a whiteout, or a directory that only a path names. */
  name: 128,
  /** An extended attribute, however many have it. */
  attribute: 200,
  /** The attributes of an inode, where there are any, and each of them. */
  list: 32,
  slot: 8,
} as const;

/**
 * What the tree of an image may take in memory. Names, targets of symlinks and extended attributes wait there for the
 * last layer, and a few compressed bytes can stand for gigabytes of them.
 */
export class TreeBudget {
  readonly #limit: number;
  #spent = 0;

  constructor(limit = TREE_BYTES) {
    this.#limit = limit;
  }

  /** Bytes that were reckoned so far. */
  get spent(): number {
    return this.#spent;
  }

  /** Reckons with so many bytes more; throws E_LIMIT where that is too many. */
  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent <= this.#limit) return;
    throw new Docker2vmError(
      "E_LIMIT",
      `the image's names, symlinks and extended attributes take more than ${this.#limit} bytes of memory`,
      { hint: "if the image is meant to be like that, raise the limit with --max-memory" },
    );
  }
}
