import { closeSync, fstatSync, fsync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { readInto } from "../disk/read-into.ts";
import type { ImageStore } from "./image-store.ts";
import { outputError } from "./system-errors.ts";

const LEAST_REACH = 256 << 20;

/**
 * The image while it is made: a sparse file, written by position. Writes are synchronous on purpose: into the page
 * cache they are faster than a turn of the event loop, and bytes need not be kept alive.
 */
export class ImageFile implements ImageStore {
  readonly path: string;
  readonly #fd: number;
  #length = 0;
  #open = true;

  /** Makes a new file at `path`, which must not be there, with `mode` less what the process leaves out of every file's. */
  constructor(path: string, mode = 0o666) {
    this.path = path;
    try {
      this.#fd = openSync(path, "wx+", mode);
    } catch (error) {
      throw outputError(error, `cannot open ${path}`);
    }
  }

  write(position: number, bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
      }
    } catch (error) {
      throw outputError(error, "cannot write the image");
    }
  }

  /** Reads into `bytes` from byte `position` on and returns how many there were; fewer only at the end. */
  async read(position: number, bytes: Uint8Array): Promise<number> {
    let done = 0;
    while (done < bytes.length) {
      const bytesRead = await this.#readSome(position + done, bytes.subarray(done));
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  /**
   * Has the file reach at least so far, and some way beyond: writes inside it need not wait for one another, but making
   * it longer waits for all of them. Where it cannot, the writes make it longer themselves.
   */
  reach(length: number): void {
    if (length <= this.#length) return;
    this.#length = length + Math.max(LEAST_REACH, length / 4);
    try {
      ftruncateSync(this.#fd, this.#length);
    } catch {
      // A limit on the file's size, perhaps above what will be needed.
    }
  }

  /** Sets the file's length in bytes. */
  truncate(length: number): void {
    try {
      ftruncateSync(this.#fd, length);
    } catch (error) {
      throw outputError(error, "cannot finish the image");
    }
  }

  /** Has everything on disk. */
  async sync(): Promise<void> {
    try {
      await synced(this.#fd);
    } catch (error) {
      throw outputError(error, "cannot finish the image");
    }
  }

  /** Bytes from the file's start to its end. */
  get apparentBytes(): number {
    return fstatSync(this.#fd).size;
  }

  async #readSome(position: number, bytes: Uint8Array): Promise<number> {
    try {
      return await readInto(this.#fd, bytes, bytes.length, position);
    } catch (error) {
      throw outputError(error, `cannot read ${this.path} back`);
    }
  }

  /** Gives the descriptor back; more than once is fine. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }
}

function synced(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())));
}

/** Bytes that a file takes on disk; holes take none. */
export function allocatedBytesOf(path: string): number {
  return statSync(path).blocks * 512;
}
