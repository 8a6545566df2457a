import { closeSync, ftruncateSync, openSync } from "node:fs";
import { writeSparse } from "../disk/write-sparse.ts";
import { outputError } from "../output/system-errors.ts";
import type { ArtifactFile } from "./manifest.ts";

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
    try {
      writeSparse(this.#fd, position, bytes);
    } catch (error) {
      throw outputError(error, `cannot write ${this.#path}`);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
