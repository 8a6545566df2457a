import { abortable } from "./abortable.ts";

/**
 * The same items, until the signal, as `abortable` gives them; and whoever reads them may stop while the source is still
 * asked for more. One that is stuck then must not hold up why.
 */
export class Abandonable<T> implements AsyncIterableIterator<T> {
  readonly #items: AsyncGenerator<T>;
  readonly #abandoned = new AbortController();
  /** Items that were asked for and have not come. */
  #awaited = 0;

  /** @param open is given a signal that fires where `signal` does, and where it is asked for what nobody waits for any more */
  constructor(open: (signal: AbortSignal) => AsyncIterable<T>, signal: AbortSignal | undefined) {
    const abandoned = this.#abandoned.signal;
    const either = signal === undefined ? abandoned : AbortSignal.any([signal, abandoned]);
    this.#items = abortable(open(either), either);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    this.#awaited++;
    try {
      return await this.#items.next();
    } finally {
      this.#awaited--;
    }
  }

  /** Closes the source, and waits for that where nothing was asked for. `reason` is what its signal says else. */
  async return(reason?: unknown): Promise<IteratorResult<T>> {
    if (this.#awaited > 0) this.#abandoned.abort(reason);
    return await this.#items.return(undefined);
  }
}
