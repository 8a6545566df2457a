import { type FileHandle, open, unlink } from "node:fs/promises";
import { readInto } from "../disk/read-into.ts";
import { CHUNK_SIZE, takeChunk } from "../memory/chunks.ts";
import { Change } from "../waiting/change.ts";
import { scratchError, storageError } from "./io-errors.ts";
import { type FailureOf, type Spare, SparedFile } from "./spared-file.ts";
import { Window } from "./window.ts";

export { PATIENCE } from "./window.ts";

/**
 * A file that is read while it is being written. The writer is slowed down to a reader's pace, but never held up for
 * long; a reader never gets ahead: at the end of what is there it waits for more.
 */
export class GrowingFile {
  readonly #handle: FileHandle;
  readonly #file: SparedFile;
  readonly #window: Window;
  /** Bytes that readers know of. */
  #announced = 0;
  #state: "growing" | "complete" | { readonly failure: unknown } = "growing";
  readonly #change = new Change();

  /**
   * Of an empty file, open for reading and writing; `path` is where it is, and names it in messages. What it does not
   * take goes to the spare one, if there is one.
   */
  constructor(handle: FileHandle, path: string, spare?: Spare, failureOf: FailureOf = storageError) {
    this.#handle = handle;
    this.#file = new SparedFile(handle.fd, path, failureOf, spare);
    this.#window = new Window(this.#file, () => this.#announce());
  }

  /** In a new file that has no name any more and so is gone with its handle, even if the process is killed. */
  static async nameless(path: string): Promise<GrowingFile> {
    try {
      const handle = await open(path, "wx+", 0o600);
      const file = new GrowingFile(handle, path, undefined, scratchError);
      await unlink(path);
      return file;
    } catch (error) {
      throw scratchError(error, path);
    }
  }

  /** Bytes that readers can have. */
  get length(): number {
    return this.#announced;
  }

  /** Whether all that was taken is in the file itself, and nothing in the spare one. */
  get isWhole(): boolean {
    return this.#file.isWhole;
  }

  /**
   * Takes bytes, for good. No more are to come before the promise resolves, if there is one: that is the pace to keep
   * to. Throws, or rejects with, E_NO_SPACE and E_IO.
   */
  append(bytes: Uint8Array): Promise<void> | undefined {
    return this.#window.append(bytes);
  }

  /** Everything is there. Throws E_NO_SPACE and E_IO. */
  async complete(): Promise<void> {
    await this.#window.finish();
    this.#settle("complete");
  }

  /** No more will come: readers get what is there, and then this error. */
  fail(failure: unknown): void {
    if (this.#state === "growing") this.#settle({ failure });
  }

  /** Not before every reader is done. */
  async close(): Promise<void> {
    await this.#window.close();
    this.#file.closeSpare();
    await this.#handle.close();
  }

  /**
   * Everything from the beginning on, in chunks of the reader's own of at most 1 MiB, as it becomes there. Throws what
   * the writer failed with, the signal's reason, and E_IO.
   */
  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#window.follow();
    try {
      for (let position = 0; ; ) {
        signal?.throwIfAborted();
        if (position < this.#announced) {
          const chunk = this.#window.bytesAt(position) ?? (await this.#readInto(position));
          position += chunk.length;
          this.#window.passed(position);
          yield chunk;
        } else if (this.#state === "growing") await this.#change.next(signal);
        else if (this.#state === "complete") return;
        else throw this.#state.failure;
      }
    } finally {
      this.#window.leave();
    }
  }

  /** What is there up to the next border of chunks: beyond it may be in memory. */
  async #readInto(position: number): Promise<Uint8Array> {
    const within = position % CHUNK_SIZE;
    const length = Math.min(CHUNK_SIZE - within, this.#announced - position);
    const buffer = takeChunk(length);
    try {
      const fd = this.#file.fdAt(position - within);
      const bytesRead = await readInto(fd, buffer, length, position);
      if (bytesRead === 0) throw new Error("the file was cut off while being read");
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      throw this.#file.readError(error);
    }
  }

  #settle(state: "complete" | { readonly failure: unknown }): void {
    this.#state = state;
    this.#announce();
  }

  #announce(): void {
    this.#announced = this.#window.length;
    this.#change.tell();
  }
}
