/** Writing files beside the image, hashed on the way. */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { Docker2vmError, systemErrorCode } from "../../errors.ts";
import { outputError } from "../../output/system-errors.ts";

const PIECE = 1 << 20;

/** Writes the pieces into a new file and has it on disk. Returns its sha256, hex. */
export function writeHashed(path: string, pieces: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  const fd = attempt(path, () => openSync(path, "wx"));
  try {
    for (const piece of pieces) {
      hash.update(piece);
      attempt(path, () => writeAll(fd, piece));
    }
    attempt(path, () => fsyncSync(fd));
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

/** The bytes of a file in pieces; each is good until the next is asked for. Throws E_IO. */
export function* fileContents(path: string): Generator<Uint8Array, void> {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    const buffer = new Uint8Array(PIECE);
    for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer)) {
      yield buffer.subarray(0, count);
    }
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === undefined) throw cause;
    throw new Docker2vmError("E_IO", `${path}: cannot be read (${code})`, { cause });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw outputError(error, `cannot write ${path}`);
  }
}
