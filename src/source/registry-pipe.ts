import { GrowingFile, PATIENCE } from "../cache/growing-file.ts";
import { CHUNK_SIZE, giveBack } from "../memory/chunks.ts";
import { Change } from "../waiting/change.ts";

/**
 * A layer's bytes on their way to its one reader: those of a reader that keeps up, or comes soon, go from hand to hand.
 * For one that does not the rest takes the way through a file, so that the writer is never held up for long.
 */
export class LayerPipe {
  readonly #path: string;
  readonly #change = new Change();
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #rest: GrowingFile | undefined;
  #state: "growing" | "complete" | { readonly failure: unknown } = "growing";
  #isLeft = false;

  /** `path` is where a file may be made, which is to have no name. */
  constructor(path: string) {
    this.#path = path;
  }

  /** As GrowingFile.append. */
  append(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#isLeft) {
      giveBack(bytes);
      return undefined;
    }
    if (this.#rest !== undefined) return this.#rest.append(bytes);
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#change.tell();
    return this.#bytes < CHUNK_SIZE ? undefined : this.#room();
  }

  /** Everything is there. Throws E_NO_SPACE and E_IO. */
  async complete(): Promise<void> {
    await this.#rest?.complete();
    this.#settle("complete");
  }

  /** No more will come: the reader gets what is there, and then this error. */
  fail(failure: unknown): void {
    this.#rest?.fail(failure);
    if (this.#state === "growing") this.#settle({ failure });
  }

  /** Not before the reader is done. */
  async close(): Promise<void> {
    await this.#rest?.close();
  }

  /** As GrowingFile.read, once. */
  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        signal?.throwIfAborted();
        const chunk = this.#next();
        if (chunk !== undefined) yield chunk;
        else if (this.#rest !== undefined) return yield* this.#rest.read(signal);
        else if (this.#state === "growing") await this.#change.next(signal);
        else if (this.#state === "complete") return;
        else throw this.#state.failure;
      }
    } finally {
      this.#leave();
    }
  }

  #next(): Uint8Array | undefined {
    const chunk = this.#waiting.shift();
    if (chunk === undefined) return undefined;
    this.#bytes -= chunk.length;
    this.#change.tell();
    return chunk;
  }

  async #room(): Promise<void> {
    while (this.#bytes >= CHUNK_SIZE) {
      if (!(await this.#change.within(PATIENCE))) return this.#overflow();
    }
  }

  async #overflow(): Promise<void> {
    const file = await GrowingFile.nameless(this.#path);
    const waiting = this.#takeWaiting();
    this.#rest = file;
    this.#change.tell();
    for (const chunk of waiting) await file.append(chunk);
  }

  #leave(): void {
    this.#isLeft = true;
    this.#takeWaiting().forEach(giveBack);
    this.#change.tell();
  }

  #takeWaiting(): Uint8Array[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    return waiting;
  }

  #settle(state: "complete" | { readonly failure: unknown }): void {
    this.#state = state;
    this.#change.tell();
  }
}
