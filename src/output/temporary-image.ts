import { rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import { removeAbandoned, scratchName } from "../scratch/names.ts";
import { writeError } from "../system-errors.ts";
import { ImageFile } from "./image-file.ts";
import type { ImageStore } from "./image-store.ts";
import { outputError } from "./system-errors.ts";

/** What such files are called; what follows says whose they are. */
const PREFIX = ".docker2vm-image-";
/** Bytes that are read at once. */
const CHUNK = 1 << 20;

/**
 * An image that is kept in a file only until somebody has read it. The next one in the same folder removes what a killed
 * process left.
 */
export class TemporaryImage {
  readonly #folder: string;
  readonly #elsewhere: string;
  readonly #path: string;

  private constructor(folder: string, elsewhere: string) {
    this.#folder = folder;
    this.#elsewhere = elsewhere;
    this.#path = join(folder, `${PREFIX}${scratchName()}`);
  }

  /** Nothing is made in the folder yet, which must be there. `elsewhere` says how another is named. */
  static async in(folder: string, elsewhere: string): Promise<TemporaryImage> {
    const place = absolutePath(folder);
    await removeAbandoned(place, PREFIX, Date.now());
    return new TemporaryImage(place, elsewhere);
  }

  /** Where it is written, once. Throws E_IO and E_NO_SPACE. */
  create(): ImageStore {
    try {
      return new UnsyncedFile(this.#path);
    } catch (error) {
      const cause = error instanceof Docker2vmError ? error.cause : error;
      throw writeError(
        cause,
        `the image cannot be kept in ${this.#folder}`,
        `it is kept there until the stream has taken it; ${this.#elsewhere}`,
      );
    }
  }

  /** Its bytes from the first to the last, in chunks that are the reader's to keep; holes as zeros. Throws E_IO. */
  async *read(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const file = await this.#told(() => open(this.#path, "r"));
    try {
      for (;;) {
        const chunk = await this.#told(() => readSome(file));
        if (chunk.length === 0) return;
        yield chunk;
      }
    } finally {
      await file.close();
    }
  }

  /** Gives its room back. Never fails. */
  discard(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // The next one tries again.
    }
  }

  async #told<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw outputError(error, `cannot read ${this.#path} back`);
    }
  }
}

async function readSome(file: FileHandle): Promise<Uint8Array<ArrayBuffer>> {
  const chunk = new Uint8Array(CHUNK);
  const { bytesRead } = await file.read(chunk, 0, CHUNK, null);
  return chunk.subarray(0, bytesRead);
}

/** Nobody needs it after a loss of power; and others of the machine, whose folder it may be, are not to read it. */
class UnsyncedFile extends ImageFile {
  constructor(path: string) {
    super(path, 0o600);
  }

  override async sync(): Promise<void> {}
}
