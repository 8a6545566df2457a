import { type Headers as Header, pack } from "tar-stream";
import { assert } from "../../../errors.ts";
import { asFile, markAsExtended } from "./extended-entry.ts";

type Contents = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

const BLOCK = 512;
/** Bytes that may wait to be read. */
const MAXIMUM_WAITING = 2 ** 20;

/**
 * A tar that is read while it is written: whoever adds to it waits until what was added before is nearly read. One that
 * is no longer read never lets the adding go on.
 */
export class TarWriter {
  readonly #pack = pack();
  /** Bytes that were added, and how many of them were read. */
  #added = 0;
  #read = 0;
  #wake = (): void => {};
  /** Where extended headers begin that are still to be read. */
  readonly #extended: number[] = [];

  /** Adds an entry with an extended header before it, unless that is empty. Contents are not copied. */
  async add(header: Header, extended: Uint8Array, contents: Contents): Promise<void> {
    if (extended.length > 0) {
      this.#extended.push(this.#added);
      await this.#addEntry(asFile(extended.length), [extended]);
    }
    await this.#addEntry(header, contents);
  }

  /** Ends the tar. */
  finish(): void {
    this.#pack.finalize();
  }

  /** Lets the reading end with an error. */
  fail(error: Error): void {
    this.#pack.destroy(error);
  }

  /** The tar's bytes, only to be read. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of this.#pack) {
      const isExtended = this.#extended[0] === this.#read;
      if (isExtended) {
        markAsExtended(chunk);
        this.#extended.shift();
      }
      this.#read += chunk.length;
      const next = this.#extended[0] ?? this.#read;
      assert(next >= this.#read, "tar-stream writes headers elsewhere than where they belong");
      this.#wake();
      yield chunk;
    }
  }

  async #addEntry(header: Header, contents: Contents): Promise<void> {
    await this.#room();
    const entry = this.#pack.entry(header);
    // Its error is the tar's, and found by whoever reads that.
    entry.on("error", () => {});
    this.#added += BLOCK;
    for await (const bytes of contents) {
      await this.#room();
      entry.write(bytes);
      this.#added += bytes.length;
    }
    entry.end(null);
    this.#added = Math.ceil(this.#added / BLOCK) * BLOCK;
  }

  async #room(): Promise<void> {
    while (this.#added - this.#read > MAXIMUM_WAITING) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
