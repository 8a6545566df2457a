import { NetworkError } from "./network-errors.ts";
import { showUrl } from "./urls.ts";

/** What timers take: 2^31 - 1 ms. */
const LONGEST = 2 ** 31 - 1;

/** A time for an answer's header to be there, whatever comes before it: a server may inform for ever (status 1xx). */
export class Deadline {
  readonly #late = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Fires when the caller's does, and when the time is over. */
  readonly signal: AbortSignal;

  constructor(milliseconds: number, url: URL, signal: AbortSignal | undefined) {
    this.signal = signal === undefined ? this.#late.signal : AbortSignal.any([signal, this.#late.signal]);
    const reason = `${showUrl(url)}: the server did not answer in time`;
    this.#timer = setTimeout(
      () => {
        this.#late.abort(new NetworkError("E_NETWORK", reason, { transient: true, hint: "try again later" }));
      },
      Math.min(milliseconds, LONGEST),
    );
  }

  /** What to make of an error: that the time is over, if it is. */
  explain(error: unknown): unknown {
    return this.#late.signal.aborted ? this.#late.signal.reason : error;
  }

  /** The time begins anew. */
  restart(): void {
    this.#timer.refresh();
  }

  /** Time does not count any more. */
  dispose(): void {
    clearTimeout(this.#timer);
  }
}
