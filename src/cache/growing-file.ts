import { type FileHandle, open, unlink } from "node:fs/promises";
import { takeChunk } from "../memory/chunks.ts";
import { storageError } from "./io-errors.ts";
import { WriteBehind } from "./write-behind.ts";

/** New bytes that are made known; fewer where a reader waits for them. */
const WORTH_TELLING = 1 << 20;
const WORTH_WAKING = 64 << 10;

/**
 * A file that is read while it is being written. However slow a reader is, the writer never waits for it, and a reader
 * never gets ahead: at the end of what is there it waits for more.
 */
export class GrowingFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #writes: WriteBehind;
  /** Bytes that readers know of. */
  #announced = 0;
  #waiting = 0;
  #state: "growing" | "complete" | { readonly failure: unknown } = "growing";
  #wake: () => void = () => undefined;
  #change: Promise<void> = Promise.resolve();

  /** Of an empty file, open for reading and writing; `path` is where it is, and names it in messages. */
  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
    this.#writes = new WriteBehind(handle.fd);
    this.#announce();
  }

  /** In a new file that has no name any more and so is gone with its handle, even if the process is killed. */
  static async nameless(path: string): Promise<GrowingFile> {
    try {
      const handle = await open(path, "wx+", 0o600);
      const file = new GrowingFile(handle, path);
      await unlink(path);
      return file;
    } catch (error) {
      throw storageError(error, path);
    }
  }

  /** Bytes that readers can have. */
  get length(): number {
    return this.#announced;
  }

  /** Adds bytes, which are the caller's again afterwards. Throws E_NO_SPACE and E_IO. */
  append(bytes: Uint8Array): void {
    try {
      this.#writes.append(bytes);
    } catch (error) {
      throw storageError(error, this.#path);
    }
    const fresh = this.#writes.length - this.#announced;
    if (fresh >= (this.#waiting > 0 ? WORTH_WAKING : WORTH_TELLING)) this.#announce();
  }

  /** Everything is there. Throws E_NO_SPACE and E_IO. */
  async complete(): Promise<void> {
    try {
      await this.#writes.finish();
    } catch (error) {
      throw storageError(error, this.#path);
    }
    this.#settle("complete");
  }

  /** No more will come: readers get what is there, and then this error. */
  fail(failure: unknown): void {
    if (this.#state === "growing") this.#settle({ failure });
  }

  /** Not before every reader is done. */
  async close(): Promise<void> {
    await this.#writes.close();
    await this.#handle.close();
  }

  /**
   * Everything from the beginning on, in chunks of the reader's own of at most 1 MiB, as it becomes there. Throws what the writer
   * failed with, the signal's reason, and E_IO.
   */
  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let position = 0; ; ) {
      signal?.throwIfAborted();
      if (position < this.#announced) {
        const there = this.#writes.peek(position);
        const chunk = typeof there === "number" ? await this.#readAt(position, there) : there;
        position += chunk.length;
        yield chunk;
      } else if (this.#state === "growing") await this.#grown(signal);
      else if (this.#state === "complete") return;
      else throw this.#state.failure;
    }
  }

  async #readAt(position: number, length: number): Promise<Uint8Array> {
    const buffer = takeChunk(length);
    try {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new Error("the file was cut off while being read");
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      throw storageError(error, this.#path);
    }
  }

  async #grown(signal: AbortSignal | undefined): Promise<void> {
    this.#waiting += 1;
    try {
      await waitFor(this.#change, signal);
    } finally {
      this.#waiting -= 1;
    }
  }

  #settle(state: "complete" | { readonly failure: unknown }): void {
    this.#state = state;
    this.#announce();
  }

  /** Wakes who waits for the present state to change. */
  #announce(): void {
    this.#announced = this.#writes.length;
    this.#wake();
    this.#change = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Waits for a promise, or throws the signal's reason as soon as it is aborted. */
async function waitFor(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise;
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener("abort", stop);
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
}
