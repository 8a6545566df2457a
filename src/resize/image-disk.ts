import { fstatSync, ftruncateSync, readFileSync, writeSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Docker2vmError, isAbsence, systemErrorCode } from "../errors.ts";
import { ImageFile, type ImageReader } from "../filesystem/reading/image.ts";
import { SYSTEM } from "../output/file-calls.ts";
import { writeWholeFiles } from "../output/whole-files.ts";
import { meaningOf, writeError } from "../system-errors.ts";

/** What growing asks of the system: an image that is written to, and one note beside it. Each call is whole, or throws. */
export interface ResizeDisk {
  /** Bytes of the file. */
  length(): number;
  /** The image as it is now, while `use` looks at it. */
  reading<Result>(use: (image: ImageReader) => Promise<Result>): Promise<Result>;
  write(position: number, bytes: Uint8Array): void;
  truncate(length: number): void;
  /** Has all that was written on the disk. */
  sync(): Promise<void>;
  /** The note; undefined where there is none. */
  recalled(): Uint8Array | undefined;
  /** Notes something in the place of what was noted before. It is on the disk then. */
  note(bytes: Uint8Array): Promise<void>;
  forget(): Promise<void>;
}

/** An image in a file. Throws E_IO and E_NO_SPACE. */
export class ImageDisk implements ResizeDisk {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #note: string;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
    this.#note = notePath(path);
  }

  /** @param path without symbolic links, so that the note lies beside the file itself */
  static async open(path: string): Promise<ImageDisk> {
    try {
      return new ImageDisk(path, await open(path, "r+"));
    } catch (cause) {
      const code = systemErrorCode(cause) ?? String(cause);
      throw new Docker2vmError("E_IO", `${path}: cannot be written to (${code})`, {
        hint: meaningOf(cause).writing,
        cause,
      });
    }
  }

  length(): number {
    return fstatSync(this.#file.fd).size;
  }

  async reading<Result>(use: (image: ImageReader) => Promise<Result>): Promise<Result> {
    const image = new ImageFile(this.#path);
    try {
      return await use(image);
    } finally {
      image.close();
    }
  }

  write(position: number, bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#file.fd, bytes, done, bytes.length - done, position + done);
      }
    });
  }

  truncate(length: number): void {
    this.#attempt(() => ftruncateSync(this.#file.fd, length));
  }

  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  recalled(): Uint8Array | undefined {
    try {
      return readFileSync(this.#note);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw writeError(error, `cannot read ${this.#note}`);
    }
  }

  async note(bytes: Uint8Array): Promise<void> {
    await writeWholeFiles([{ path: this.#note, bytes }], true);
    await SYSTEM.sync(dirname(this.#note));
  }

  async forget(): Promise<void> {
    try {
      await rm(this.#note, { force: true });
      await SYSTEM.sync(dirname(this.#note));
    } catch (error) {
      throw writeError(error, `cannot remove ${this.#note}`);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #attempt(call: () => void): void {
    try {
      call();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): Docker2vmError {
    return writeError(error, `cannot write to ${this.#path}`, meaningOf(error).writing);
  }
}

/** Where an image's note lies. */
export function notePath(path: string): string {
  return join(dirname(path), `.${basename(path)}.resize-undo`);
}
