/** Files on this machine while they are read: that they stay what they were is checked. */
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { Docker2vmError, isAbsence, systemErrorCode } from "../errors.ts";
import { changedError, inputError } from "../source/system-errors.ts";
import { displayPath } from "../tree/path.ts";
import type { Steps } from "../waiting/steps.ts";
import { countData } from "./holes.ts";

const SCAN = 1 << 20;
/** st_blocks counts by these. */
const SECTOR = 512;
// Not to wait for anything that has come to be a pipe.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** lstat(2). Throws E_IO for what is not there any more. */
export function statsOf(path: Buffer): BigIntStats {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    throw failed(error, path);
  }
}

/** Throws E_IO if the file has changed between the two. */
export function checkSame(before: BigIntStats, now: BigIntStats, path: Buffer): void {
  const isSame =
    before.dev === now.dev &&
    before.ino === now.ino &&
    before.mtimeNs === now.mtimeNs &&
    before.ctimeNs === now.ctimeNs &&
    before.size === now.size;
  if (!isSame) throw changedError(shown(path), "changed");
}

/** A regular file that is open for reading. */
export class FolderFile {
  readonly #fd: number;
  readonly #path: Buffer;
  readonly #stats: BigIntStats;

  /** `stats` are those that were found before. Throws E_IO. */
  constructor(path: Buffer, stats: BigIntStats) {
    this.#path = path;
    this.#stats = stats;
    try {
      this.#fd = openSync(path, READ);
    } catch (error) {
      throw failed(error, path);
    }
  }

  /** Fills the bytes with those from `position` on. Throws E_IO, also for an end that comes too early. */
  read(position: number, bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        const count = readSync(this.#fd, bytes, done, bytes.length - done, position + done);
        if (count === 0) throw changedError(shown(this.#path), "became shorter");
        done += count;
      }
    } catch (error) {
      throw failed(error, this.#path);
    }
  }

  /** Throws E_IO if the file is not as it was when it was found. */
  check(): void {
    checkSame(this.#stats, fstatSync(this.#fd, { bigint: true }), this.#path);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** As countData has it. Throws E_IO. */
export function storedBytes(path: Buffer, stats: BigIntStats): Steps<number> {
  return countData(Number(stats.size), Number(stats.blocks) * SECTOR, () => wholeFile(path, stats));
}

function* wholeFile(path: Buffer, stats: BigIntStats): Generator<{ readonly bytes: Uint8Array }> {
  const file = new FolderFile(path, stats);
  const size = Number(stats.size);
  const chunk = new Uint8Array(SCAN);
  try {
    for (let position = 0; position < size; position += SCAN) {
      const bytes = chunk.subarray(0, Math.min(SCAN, size - position));
      file.read(position, bytes);
      yield { bytes };
    }
  } finally {
    file.close();
  }
}

/** Why a file that was listed cannot be read: E_IO. */
export function failed(error: unknown, path: Buffer): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  if (isAbsence(error)) return changedError(shown(path), "vanished");
  const code = systemErrorCode(error);
  if (code === "ELOOP" || code === "ENXIO") return changedError(shown(path), "became something else");
  if (code !== "EACCES" && code !== "EPERM") return inputError(error, shown(path));
  return new Docker2vmError("E_IO", `${shown(path)}: this user may not read it`, {
    hint: "read the folder as root, or what belongs to a rootless Podman under podman unshare",
    cause: error,
  });
}

function shown(path: Buffer): string {
  return displayPath(path.toString("latin1"));
}
