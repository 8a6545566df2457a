/** This process's streams as the commands write to them: no failure to write ends in a stack trace. */
import { fstatSync, readFileSync, writeSync } from "node:fs";
import { type Docker2vmError, systemErrorCode } from "../errors.ts";
import { writeError } from "../system-errors.ts";
import type { Output, ResultOutput } from "./host.ts";

/**
 * Where results go. A reader that goes away, as `head` does, has seen what it wanted: nothing fails of that, and what a
 * command found or made decides its exit code. Any other code would call a conversion failed whose image is there.
 */
export class StandardOutput implements ResultOutput {
  readonly isTTY: boolean;
  readonly #fd: number;
  readonly #isFile: boolean;
  readonly #open: () => NodeJS.WriteStream;
  #stream: NodeJS.WriteStream | undefined;
  #readerIsGone = false;

  /** @param open the stream of `fd`, which a runtime takes long to load; not asked for where a file is written to */
  constructor(fd: number, open: () => NodeJS.WriteStream) {
    this.#fd = fd;
    this.#open = open;
    this.isTTY = isTerminal(fd);
    this.#isFile = !this.isTTY && isFile(fd);
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
    this.#stream ??= withoutErrors(this.#open());
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** Every write hears of its own failure. */
function withoutErrors(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return stream.on("error", () => undefined);
}

/** Asks the runtime's module for terminals only of what may be one: loading it takes longer than the answer. */
export function isTerminal(fd: number): boolean {
  return isDevice(fd) && process.getBuiltinModule("node:tty").isatty(fd);
}

/** False as well of what is closed. */
function isDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    return false;
  }
}

/**
 * A path of the file that is open for reading, if it is one and stands at its beginning; undefined on systems that do not
 * tell (Linux does).
 */
export function unreadFile(fd: number): string | undefined {
  try {
    const isAtStart = /^pos:\s*0$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"));
    return isAtStart && fstatSync(fd).isFile() ? `/proc/self/fd/${fd}` : undefined;
  } catch {
    return undefined;
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
export function messageOutput(fd: number, open: () => NodeJS.WriteStream): Output {
  const isTTY = isTerminal(fd);
  let opened: NodeJS.WriteStream | undefined;
  const stream = (): NodeJS.WriteStream => {
    opened ??= withoutErrors(open());
    return opened;
  };
  return {
    write: (text) => {
      try {
        stream().write(text);
      } catch {
        // Some versions of Node throw what others report.
      }
    },
    isTTY,
    get columns() {
      return isTTY ? stream().columns : undefined;
    },
    get rows() {
      return isTTY ? stream().rows : undefined;
    },
  };
}
