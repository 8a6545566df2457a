import { closeSync, constants, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError, systemErrorCode } from "../../errors.ts";

/** Bytes of an image by position: a file, or memory. */
export interface ImageReader {
  /** Bytes of the whole image. */
  readonly size: number;
  /** `length` bytes from byte `position` on; fewer only at the end of the image. The caller may keep them. */
  read(position: number, length: number): Uint8Array;
  /**
   * The same into memory that the caller has: as many bytes as it is long, and how many there were. A reader need not
   * have it.
   */
  readInto?(position: number, bytes: Uint8Array): number;
}

/** Reads into memory that is used again: what is read in long runs would else be as much garbage. */
export function readInto(image: ImageReader, position: number, bytes: Uint8Array): number {
  if (image.readInto !== undefined) return image.readInto(position, bytes);
  const read = image.read(position, bytes.length);
  bytes.set(read);
  return read.length;
}

/** An image that is in memory. What is read is copied, and never a Buffer, whose `slice` would not copy. */
export function memoryImage(bytes: Uint8Array): ImageReader {
  return {
    size: bytes.length,
    read: (position, length) => new Uint8Array(bytes.subarray(position, position + length)),
  };
}

/** A pipe that nobody writes to would else hold up the whole program, deaf to signals. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** An image in a file, which stays open until `close`. */
export class ImageFile implements ImageReader {
  readonly size: number;
  readonly #fd: number;
  readonly #path: string;

  /** Throws E_IMAGE_NOT_FOUND, E_UNSUPPORTED for what is no regular file, and E_IO. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, FLAGS);
    } catch (cause) {
      if (systemErrorCode(cause) === "ENOENT")
        throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${path}: no such file`, {
          hint: "name the file that holds the filesystem; 'docker2vm inspect-image' looks at container images",
          cause,
        });
      throw unreadable(path, cause);
    }
    const stats = fstatSync(this.#fd);
    if (!stats.isFile()) {
      closeSync(this.#fd);
      throw new Docker2vmError("E_UNSUPPORTED", `${path}: not a regular file`, {
        hint: stats.isDirectory() ? folderHint(path) : "name the file that holds the filesystem",
      });
    }
    this.size = stats.size;
  }

  read(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - position)));
    const done = this.readInto(position, bytes);
    return done === bytes.length ? bytes : bytes.subarray(0, done);
  }

  readInto(position: number, bytes: Uint8Array): number {
    let done = 0;
    try {
      while (done < bytes.length) {
        const count = readSync(this.#fd, bytes, done, bytes.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (cause) {
      throw unreadable(this.#path, cause);
    }
    return done;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function unreadable(path: string, cause: unknown): Docker2vmError {
  return new Docker2vmError("E_IO", `${path}: cannot be read (${systemErrorCode(cause) ?? String(cause)})`, {
    cause,
  });
}

function folderHint(folder: string): string {
  if (existsSync(join(folder, "index.json"))) {
    return `'docker2vm inspect-image oci:${folder}' looks at the container images in it`;
  }
  const names = ["rootfs.ext4", "rootfs.erofs", "rootfs.xfs"];
  const name = names.find((each) => existsSync(join(folder, each))) ?? names[0] ?? "";
  return `name the file that holds the filesystem, as ${join(folder, name)}`;
}
