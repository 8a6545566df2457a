/** This process's streams as the commands write to them: no failure to write ends in a stack trace. */
import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { type Docker2vmError, systemErrorCode } from "../errors.ts";
import { writeError } from "../system-errors.ts";
import type { Output, ResultOutput } from "./host.ts";

/**
 * Where results go. A reader that goes away, as `head` does, has seen what it wanted: nothing fails of that, and what a
 * command found or made decides its exit code. Any other code would call a conversion failed whose image is there.
 */
export class StandardOutput implements ResultOutput {
  readonly isTTY: boolean;
  readonly #stream: NodeJS.WriteStream;
  readonly #fd: number;
  readonly #isFile: boolean;
  #readerIsGone = false;

  constructor(stream: NodeJS.WriteStream & { readonly fd: number }) {
    this.#stream = stream;
    this.#fd = stream.fd;
    this.isTTY = isatty(stream.fd);
    this.#isFile = !this.isTTY && isFile(stream.fd);
    // Every write hears of its own failure.
    stream.on("error", () => undefined);
  }

  async write(data: string | Uint8Array): Promise<boolean> {
    if (this.#readerIsGone) return false;
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    try {
      await (this.#isFile ? this.#writeToFile(bytes) : this.#writeToReader(bytes));
      return true;
    } catch (error) {
      if (systemErrorCode(error) !== "EPIPE") throw resultError(error);
      this.#readerIsGone = true;
      return false;
    }
  }

  /** The streams of Node take a write for done of which a full disk has taken a part. */
  #writeToFile(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
  }

  #writeToReader(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** Files, and devices such as /dev/full: what Node and Bun write to at once. */
function isFile(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isFile() || stats.isCharacterDevice() || stats.isBlockDevice();
}

function resultError(error: unknown): Docker2vmError {
  return writeError(error, "the result could not be written to standard output");
}

/** Where progress and errors go. What cannot be told there can be told nowhere. */
export function messageOutput(stream: NodeJS.WriteStream): Output {
  stream.on("error", () => undefined);
  return {
    write: (text) => {
      try {
        stream.write(text);
      } catch {
        // Some versions of Node throw what others report.
      }
    },
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}
