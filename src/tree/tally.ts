/** Warnings of which a layer may have one for every entry: each kind is told once, by its first, with their number. */
export class Tally<Kind extends string> {
  readonly #kinds = new Map<Kind, { readonly first: string; count: number }>();

  /** Counts one more of a kind; `message` is asked for the first alone. */
  add(kind: Kind, message: () => string): void {
    const counted = this.#kinds.get(kind);
    if (counted === undefined) this.#kinds.set(kind, { first: message(), count: 1 });
    else counted.count++;
  }

  /** Tells what was counted, the kinds in the order in which they came. */
  tell(onWarning: ((message: string) => void) | undefined): void {
    for (const { first, count } of this.#kinds.values()) {
      onWarning?.(count === 1 ? first : `${first} (the first of ${count} such in this layer)`);
    }
  }
}
