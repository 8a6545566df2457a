import { writeSync } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { storageError } from "./io-errors.ts";

/** Bytes that are gathered before they are written. */
const WRITE_SIZE = 1 << 20;
/** Bytes that are written at once where a reader waits for them. */
const EAGER_WRITE_SIZE = 64 << 10;
/** Bytes of a read. */
const READ_SIZE = 1 << 20;

/**
 * A file that is read while it is being written. However slow a reader is, the writer never waits for it, and a reader
 * never gets ahead: at the end of what is there it waits for more.
 */
export class GrowingFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #gathered = Buffer.allocUnsafeSlow(WRITE_SIZE);
  #pending = 0;
  /** What was written last, for a reader who is just there: it need not be read from the file. */
  #latest: { readonly start: number; readonly bytes: Uint8Array } | undefined;
  #written = 0;
  #waiting = 0;
  #state: "growing" | "complete" | { readonly failure: unknown } = "growing";
  #wake: () => void = () => undefined;
  #change: Promise<void> = Promise.resolve();

  /** Of an empty file, open for reading and writing; `path` names it in messages. */
  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
    this.#announce();
  }

  /** In a new file that has no name any more and so is gone with its handle, even if the process is killed. */
  static async nameless(path: string): Promise<GrowingFile> {
    try {
      const handle = await open(path, "wx+", 0o600);
      await unlink(path);
      return new GrowingFile(handle, path);
    } catch (error) {
      throw storageError(error, path);
    }
  }

  /** Bytes that readers can have. */
  get length(): number {
    return this.#written;
  }

  /** Adds bytes, which are the caller's again afterwards. Throws E_NO_SPACE and E_IO. */
  append(bytes: Uint8Array): void {
    for (let taken = 0; taken < bytes.length; ) {
      const part = bytes.subarray(taken, taken + WRITE_SIZE - this.#pending);
      this.#gathered.set(part, this.#pending);
      this.#pending += part.length;
      taken += part.length;
      if (this.#pending >= (this.#waiting > 0 ? EAGER_WRITE_SIZE : WRITE_SIZE)) this.#flush();
    }
  }

  /** Everything is there. Throws E_NO_SPACE and E_IO. */
  complete(): void {
    this.#flush();
    this.#settle("complete");
  }

  /** No more will come: readers get what is there, and then this error. */
  fail(failure: unknown): void {
    if (this.#state === "growing") this.#settle({ failure });
  }

  /** Not before every reader is done. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  /**
   * Everything from the beginning on, in fresh chunks of at most 1 MiB, as it becomes there. Throws what the writer
   * failed with, the signal's reason, and E_IO.
   */
  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let position = 0; ; ) {
      signal?.throwIfAborted();
      if (position < this.#written) {
        const chunk = this.#takeLatest(position) ?? (await this.#readAt(position));
        position += chunk.length;
        yield chunk;
      } else if (this.#state === "growing") await this.#grown(signal);
      else if (this.#state === "complete") return;
      else throw this.#state.failure;
    }
  }

  /** Given to one reader only, for it is that one's to keep. */
  #takeLatest(position: number): Uint8Array | undefined {
    if (this.#latest?.start !== position) return undefined;
    const { bytes } = this.#latest;
    this.#latest = undefined;
    return bytes;
  }

  async #readAt(position: number): Promise<Uint8Array> {
    // Of its own memory, not of the shared pool: the reader may give it away to another thread.
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_SIZE, this.#written - position));
    try {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new Error("the file was cut off while being read");
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      throw storageError(error, this.#path);
    }
  }

  /** Synchronous: a large write into the page cache costs less than half of what it costs by way of another thread. */
  #flush(): void {
    try {
      for (let done = 0; done < this.#pending; ) {
        const left = this.#pending - done;
        done += writeSync(this.#handle.fd, this.#gathered, done, left, this.#written + done);
      }
    } catch (error) {
      throw storageError(error, this.#path);
    }
    this.#latest = { start: this.#written, bytes: this.#handOver() };
    this.#written += this.#pending;
    this.#pending = 0;
    this.#announce();
  }

  /** What is gathered: a full buffer itself, and a new one in its place; of less a copy. */
  #handOver(): Uint8Array {
    if (this.#pending < WRITE_SIZE) return Uint8Array.from(this.#gathered.subarray(0, this.#pending));
    const full = this.#gathered;
    this.#gathered = Buffer.allocUnsafeSlow(WRITE_SIZE);
    return full;
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
