import { fstatSync } from "node:fs";
import { readInto } from "../disk/read-into.ts";
import { systemErrorCode } from "../errors.ts";

/** What a pipe holds, unless it was made larger. */
const PIECE = 64 << 10;

/** A pipe that a process was given, read by its descriptor: the runtime's stream takes twice as long for the same bytes. */
export class Pipe {
  readonly #fd: number;
  #isWaiting = false;

  /** Undefined for what is no pipe, and where a read that nobody wants any more could not be left behind (Node). */
  static of(fd: number): Pipe | undefined {
    if (process.versions["bun"] === undefined || process.platform === "win32") return undefined;
    try {
      return fstatSync(fd).isFIFO() ? new Pipe(fd) : undefined;
    } catch {
      return undefined;
    }
  }

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Whether a read has not come back: it would keep the process alive as long as whoever writes is silent. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /**
   * All bytes, in chunks that are good until the next is asked for. `otherwise` gives them where reading does not wait,
   * since whoever made the pipe wanted it so. Throws the system's errors.
   */
  async *chunks(otherwise: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const piece = new Uint8Array(PIECE);
    try {
      for (;;) {
        const length = await this.#read(piece);
        if (length === 0) return;
        yield piece.subarray(0, length);
      }
    } catch (error) {
      if (systemErrorCode(error) !== "EAGAIN") throw error;
    }
    yield* otherwise();
  }

  async #read(piece: Uint8Array): Promise<number> {
    this.#isWaiting = true;
    try {
      return await readInto(this.#fd, piece, piece.length, null);
    } finally {
      this.#isWaiting = false;
    }
  }
}
