import { closeSync, ftruncateSync, openSync } from "node:fs";
import { DirectFile, PAGE } from "./direct-file.ts";
import { dataRuns, writeAll } from "./write-sparse.ts";

/** A small piece is in the page cache before another thread has even taken it up. */
const WORTH_IT = 64 << 10;

/** A new file of a known size that is written once, in any order: zeros stay holes, the rest goes past the page cache. */
export class SparseCopyTarget {
  /** Memory to write from. */
  readonly memory: Uint8Array;
  readonly #fd: number;
  #direct: DirectFile | undefined;

  /** @param memory bytes of it. Throws the system's errors. */
  constructor(path: string, mode: number, size: number, memory: number) {
    this.#fd = openSync(path, "wx", mode);
    try {
      // Trying the memory out writes to the first page: before anything else does, and not beyond the end.
      this.#direct = size < PAGE ? undefined : DirectFile.open(path);
      const tried = this.#direct?.memory(memory);
      if (tried === undefined) {
        this.#direct?.close();
        this.#direct = undefined;
      }
      this.memory = tried ?? new Uint8Array(memory);
      ftruncateSync(this.#fd, size);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Writes a part of the memory. Rejects with the system's errors, when nothing of it is under way any more. */
  async write(position: number, bytes: Uint8Array): Promise<void> {
    const writing: Promise<void>[] = [];
    try {
      for (const [from, to] of dataRuns(position, bytes)) {
        const run = bytes.subarray(from, to);
        const isDirect = run.length >= WORTH_IT && run.length % PAGE === 0 && (position + from) % PAGE === 0;
        if (isDirect && this.#direct !== undefined)
          writing.push(this.#past(this.#direct, position + from, run));
        else writeAll(this.#fd, position + from, run);
      }
    } finally {
      // Whoever hears of a failure closes the file, and its number may soon be another's.
      await Promise.allSettled(writing);
    }
    await Promise.all(writing);
  }

  /** Once nothing is being written. */
  close(): void {
    this.#direct?.close();
    closeSync(this.#fd);
  }

  async #past(direct: DirectFile, position: number, run: Uint8Array): Promise<void> {
    if (!(await direct.write(position, run))) writeAll(this.#fd, position, run);
  }
}
