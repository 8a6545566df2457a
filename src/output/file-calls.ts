import { lstatSync, readdirSync, readFileSync, renameSync, rmdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { removeFolder } from "../disk/remove-folder.ts";
import { isAbsence, systemErrorCode } from "../errors.ts";

/** What a commit asks of the system. Each call does its one thing wholly or rejects with the system's error. */
export interface FileCalls {
  rename(from: string, to: string): Promise<void>;
  /** Has a file's bytes, or a folder's names, on the disk. */
  sync(path: string): Promise<void>;
  /** The names in a folder; none where there is no folder. */
  list(folder: string): Promise<readonly string[]>;
  read(path: string): Promise<string>;
  /** What the path leads to, undefined where there is nothing; a link that leads nowhere is a file, a device other. */
  kind(path: string): Promise<"file" | "folder" | "other" | undefined>;
  removeEmpty(folder: string): Promise<void>;
  /** Removes a folder with all that is in it; that there is none is fine. */
  remove(folder: string): Promise<void>;
  wait(milliseconds: number): Promise<void>;
}

/** What only changes or reads names is asked for synchronously: it takes less time than a turn of the event loop. */
export const SYSTEM: FileCalls = {
  rename: async (from, to) => renameSync(from, to),
  sync,
  list: async (folder) => unlessAbsent(() => readdirSync(folder), []),
  read: async (path) => readFileSync(path, "utf8"),
  kind: async (path) => kind(path),
  removeEmpty: async (folder) => rmdirSync(folder),
  remove: removeFolder,
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** What filesystems say that sync no folders. */
const NO_FOLDERS = ["EISDIR", "EINVAL", "ENOTSUP", "ENOSYS"];

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } catch (error) {
    const isFolder = (await file.stat()).isDirectory();
    if (!isFolder || !NO_FOLDERS.includes(systemErrorCode(error) ?? "")) throw error;
  } finally {
    await file.close();
  }
}

function kind(path: string): "file" | "folder" | "other" | undefined {
  const found = unlessAbsent(() => lstatSync(path), undefined);
  if (found === undefined) return undefined;
  const target = found.isSymbolicLink() ? unlessAbsent(() => statSync(path), undefined) : found;
  if (target?.isDirectory() === true) return "folder";
  return target === undefined || target.isFile() ? "file" : "other";
}

function unlessAbsent<Found, Otherwise>(find: () => Found, otherwise: Otherwise): Found | Otherwise {
  try {
    return find();
  } catch (error) {
    if (isAbsence(error)) return otherwise;
    throw error;
  }
}
