import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { Docker2vmError, isAbsence, systemErrorCode } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import type { FilePlace, NamedPlace } from "./file-place.ts";
import { readRange, readRangeNow } from "./file-reading.ts";
import type { FileStore, StoredFile } from "./file-store.ts";
import { changedError, inputError } from "./system-errors.ts";

/** Never through a symlink that was not looked at, and never waiting for the other end of a fifo. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The regular files below a folder. The folder itself may be a symlink; those below it are followed within the folder
 * alone, for a link could make any file of this machine part of an image. Names must be the program's own: nothing from an image but a checked
 * digest goes into them.
 */
export function folderStore(folder: string): FileStore {
  return {
    name: folder,
    absenceHint: undefined,
    find: async (name) => {
      const file = openBelow(folder, name);
      if (file === undefined) return undefined;
      closeSync(file.fd);
      return storedFile({ folder, name, size: file.size });
    },
    list: async (name) => {
      try {
        return (await readdir(join(folder, name))).sort();
      } catch (error) {
        if (isAbsence(error)) return [];
        throw inputError(error, join(folder, name));
      }
    },
  };
}

/**
 * The bytes of a file, read while nothing else is done: for a thread that has nothing else to do. In chunks of the
 * reader's own; throws as StoredFile.read does.
 */
export function* readPlace(place: FilePlace): Generator<Uint8Array> {
  if ("fd" in place) {
    yield* readRangeNow(place.fd, place.offset, place.size, place.where);
    return;
  }
  const { fd, path } = openAgain(place);
  try {
    yield* readRangeNow(fd, 0, place.size, path);
  } finally {
    closeSync(fd);
  }
}

function storedFile(place: NamedPlace): StoredFile {
  return {
    size: place.size,
    place,
    read: async function* (signal) {
      signal?.throwIfAborted();
      const { fd, path } = openAgain(place);
      try {
        yield* readRange(fd, 0, place.size, path, signal);
      } finally {
        closeSync(fd);
      }
    },
  };
}

function openAgain({ folder, name }: NamedPlace): { readonly fd: number; readonly path: string } {
  const file = openBelow(folder, name);
  const path = join(folder, name);
  if (file === undefined) throw changedError(path, "was removed");
  return { fd: file.fd, path };
}

interface OpenFile {
  readonly fd: number;
  /** Bytes. */
  readonly size: number;
}

/**
 * An open file. Synchronously: a turn of the event loop for each of these calls takes longer than they do, and a small
 * image consists of them.
 */
function openBelow(folder: string, name: string): OpenFile | undefined {
  const path = join(folder, name);
  try {
    const components = name.split("/");
    let file = path;
    for (let depth = 1; depth <= components.length; depth++) {
      const part = join(folder, ...components.slice(0, depth));
      if (!lstatSync(part).isSymbolicLink()) continue;
      file = targetWithin(folder, path, part);
      break;
    }
    const fd = openSync(file, OPEN_FLAGS);
    const found = fstatSync(fd);
    if (found.isFile()) return { fd, size: found.size };
    closeSync(fd);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw systemErrorCode(error) === "ELOOP"
      ? badLink(path, "leads in a circle, or was put there meanwhile")
      : inputError(error, path);
  }
  throw new Docker2vmError("E_UNSUPPORTED", `${path}: is not a regular file`, {
    hint: "the files of an image must be files: fetch or copy the image again",
  });
}

/** Where `path` really is, of which `link` is a part and a symlink: somewhere in the folder. */
function targetWithin(folder: string, path: string, link: string): string {
  let target: string;
  try {
    target = realpathSync(path);
  } catch (error) {
    if (isAbsence(error))
      throw badLink(link, `leads to ${quote(readlinkSync(link))}, and ${quote(path)} is not there`);
    throw error;
  }
  if (target.startsWith(join(realpathSync(folder), sep))) return target;
  throw badLink(link, `leads out of the folder, to ${quote(target)}`);
}

function badLink(path: string, how: string): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", `${path}: is a symbolic link that ${how}`, {
    hint: "the files of an image must lie in its own folder: copy the folder with cp -rL",
  });
}
