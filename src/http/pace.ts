import { NetworkError } from "./network-errors.ts";
import type { Timeouts } from "./timeouts.ts";

/**
 * Judges a body by the time in which it was waited for. What its reader does between its pieces does not count, so a
 * reader may be as slow as it likes. It is judged whenever a piece comes: that none comes is another timeout's business.
 */
export class Pace {
  readonly #timeouts: Timeouts;
  readonly #isDocument: boolean;
  readonly #where: string;
  #windowWaited = 0;
  #windowBytes = 0;
  #waited = 0;

  /** `where` names the body in messages. */
  constructor(timeouts: Timeouts, isDocument: boolean, where: string) {
    this.#timeouts = timeouts;
    this.#isDocument = isDocument;
    this.#where = where;
  }

  /** So many bytes have come after so many milliseconds of waiting. Throws NetworkError. */
  came(bytes: number, milliseconds: number): void {
    const { body, document, window, leastBytes } = this.#timeouts;
    // A longer wait is let pass nowhere: then this process was stopped, or its clock set.
    const wait = Math.min(Math.max(milliseconds, 0), body);
    this.#waited += wait;
    this.#windowWaited += wait;
    this.#windowBytes += bytes;
    if (this.#isDocument && this.#waited > document) {
      throw this.#tooSlow(`the whole did not come in ${seconds(document)}`);
    }
    if (this.#windowWaited < window) return;
    if (this.#windowBytes < leastBytes) {
      throw this.#tooSlow(`${this.#windowBytes} bytes came in ${seconds(this.#windowWaited)}`);
    }
    this.#windowWaited = 0;
    this.#windowBytes = 0;
  }

  /** Of a long body what is here is kept, and another connection may be faster; a document would come as slowly again. */
  #tooSlow(found: string): NetworkError {
    return new NetworkError("E_NETWORK", `${this.#where}: the server sends too slowly: ${found}`, {
      transient: !this.#isDocument,
      hint: "try again later",
    });
  }
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
