/** More would be an attempt to keep this program busy. Pages of lists, manifests and what they bring are counted. */
const MOST = { pages: 20, manifests: 100, documents: 100, bytes: 32 << 20 } as const;

/** How much is looked at to find the signature of one image, or what else hangs at it, whatever the number of digests that may bear it. */
export class Budget {
  readonly #spent = { pages: 0, manifests: 0, documents: 0, bytes: 0 };
  #overdrawn = false;

  /** Whether there was more than is looked at. */
  get overdrawn(): boolean {
    return this.#overdrawn;
  }

  /** Whether so much more may be looked at; nothing may once any limit was passed. */
  spend(what: keyof typeof MOST, amount = 1): boolean {
    this.#spent[what] += amount;
    this.#overdrawn ||= this.#spent[what] > MOST[what];
    return !this.#overdrawn;
  }
}
