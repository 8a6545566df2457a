import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { outputError } from "../output/system-errors.ts";
import type { ArtifactFile } from "./manifest.ts";

/** What a filesystem gives room by. */
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

/** A new file of a size that is known, whose blocks of zeros take no room. */
export class SparseFile {
  readonly #path: string;
  readonly #fd: number;

  /** Makes it. Throws E_NO_SPACE and E_IO. */
  constructor(path: string, { size, executable }: Pick<ArtifactFile, "size" | "executable">) {
    this.#path = path;
    try {
      this.#fd = openSync(path, "wx", executable ? 0o777 : 0o666);
    } catch (error) {
      throw outputError(error, `cannot make ${path}`);
    }
    try {
      ftruncateSync(this.#fd, size);
    } catch (error) {
      closeSync(this.#fd);
      throw outputError(error, `cannot give ${path} its ${size} bytes`);
    }
  }

  /** Writes what is not zero of bytes whose place nobody else writes to. */
  write(position: number, bytes: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(at + BLOCK - ((position + at) % BLOCK), bytes.length);
      if (isZero(bytes.subarray(at, end))) {
        this.#write(position + from, bytes.subarray(from, at));
        from = end;
      }
      at = end;
    }
    this.#write(position + from, bytes.subarray(from));
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(position: number, bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
      }
    } catch (error) {
      throw outputError(error, `cannot write ${this.#path}`);
    }
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && Buffer.compare(bytes, ZEROS.subarray(0, bytes.length)) === 0;
}
