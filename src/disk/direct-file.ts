import { closeSync, constants, openSync, write, writeSync } from "node:fs";
import { systemErrorCode } from "../errors.ts";

/** What positions, lengths and addresses are multiples of: a page, which no device asks more than. */
export const PAGE = 4096;
const WASM_PAGE = 1 << 16;

/** Of the runtime; the types of Node do not have it. */
declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

/**
 * Zeroed memory of `bytes` bytes from a page border on, which no allocation promises: WebAssembly's memories are
 * mapped. Bun copies it for every asynchronous write.
 */
function mapped(bytes: number): Uint8Array {
  const { buffer } = new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE) });
  return new Uint8Array(buffer, 0, bytes);
}

/**
 * A file that is written past the page cache (open(2), O_DIRECT): what nobody reads again soon is spared a copy and
 * the memory for it, and the disk begins at once. System, filesystem or device may refuse that.
 */
export class DirectFile {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** The file at `path`, which is open already; undefined where it cannot be had so. */
  static open(path: string): DirectFile | undefined {
    // Absent where the system has no such flag.
    const flag: number | undefined = constants.O_DIRECT;
    if (flag === undefined) return undefined;
    try {
      return new DirectFile(openSync(path, constants.O_WRONLY | flag));
    } catch {
      // Whatever the reason, the file can be written as it is open already.
      return undefined;
    }
  }

  /**
   * Memory of `bytes` bytes that the file can be written from: ordinary memory if it happens to lie right (it does in
   * Bun), else mapped memory. Undefined if neither is taken. Tries it out on the file's first page, which is zero then.
   */
  memory(bytes: number): Uint8Array | undefined {
    const ordinary = new Uint8Array(bytes);
    if (this.takes(ordinary)) return ordinary;
    const aligned = mapped(bytes);
    return this.takes(aligned) ? aligned : undefined;
  }

  /**
   * As `memory`, for `count` times `bytes` bytes, of which the next are given at each call until there are no more.
   * Ordinary memory is made only then: what is never wanted costs nothing. Where it lies wrong for once, the write is
   * refused.
   */
  pieces(bytes: number, count: number): (() => Uint8Array | undefined) | undefined {
    const first = new Uint8Array(bytes);
    if (this.takes(first)) {
      const others = pieces(bytes, count - 1);
      let next: Uint8Array | undefined = first;
      return () => {
        const piece = next ?? others();
        next = undefined;
        return piece;
      };
    }
    const all = mapped(count * bytes);
    return this.takes(all) ? pieces(bytes, count, all) : undefined;
  }

  /** Whether the file can be written from memory that lies there. Tries it out: its first page becomes the memory's. */
  takes(memory: Uint8Array): boolean {
    try {
      return writeSync(this.#fd, memory, 0, PAGE, 0) === PAGE;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  /**
   * Writes whole pages of such memory, at a page border. False: they were refused, or only some
   * of them written, and are to be written in another way. Rejects with system errors.
   */
  write(position: number, bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, 0, bytes.length, position, (error, written) => {
        if (error === null) resolve(written === bytes.length);
        else if (isRefusal(error)) resolve(false);
        else reject(error);
      });
    });
  }

  /** Not while anything is being written. */
  close(): void {
    closeSync(this.#fd);
  }
}

/** Gives the next of `count` pieces of `bytes` bytes at each call: of the memory given, or memory of its own. */
export function pieces(bytes: number, count: number, of?: Uint8Array): () => Uint8Array | undefined {
  let at = 0;
  return () => {
    if (at === count) return undefined;
    const start = at++ * bytes;
    return of?.subarray(start, start + bytes) ?? new Uint8Array(bytes);
  };
}

/** EINVAL: no O_DIRECT here, or not with this alignment. */
function isRefusal(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "EINVAL" || code === "ENOTSUP" || code === "EOPNOTSUPP";
}
