import { dirname } from "node:path";
import { Docker2vmError, systemErrorCode } from "../errors.ts";
import { meaningOf, writeError } from "../system-errors.ts";

/** What a failed access to a file of the cache means: E_NO_SPACE or E_IO. */
export function storageError(error: unknown, path: string): Docker2vmError {
  const room = meaningOf(error).noRoom === undefined ? "" : "docker2vm cache prune makes room; ";
  return writeError(error, path, `${room}--cache-dir names another folder`);
}

/** What it means where a layer is to be kept until its reader comes: the same, with another way out. */
export function scratchError(error: unknown, path: string): Docker2vmError {
  const hint = "what comes before it is wanted is kept there; --out names another place";
  return writeError(error, `a layer cannot be kept in ${dirname(path)}`, hint);
}

/** Whether the error is one of these. */
export function isStorageError(error: unknown): error is Docker2vmError {
  return error instanceof Docker2vmError && (error.code === "E_IO" || error.code === "E_NO_SPACE");
}

/** For a folder that is to be listed and is not there: nothing is in it. */
export function noneIn(folder: string): (error: unknown) => [] {
  return (error) => {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw storageError(error, folder);
  };
}
