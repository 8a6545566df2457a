import { dirname } from "node:path";
import { Docker2vmError, lackOfRoom, reasonOf } from "../errors.ts";

/** What a failed access to a file of the cache means: E_NO_SPACE or E_IO. */
export function storageError(error: unknown, path: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const noRoom = lackOfRoom(error);
  return new Docker2vmError(
    noRoom === undefined ? "E_IO" : "E_NO_SPACE",
    `${path}: ${noRoom ?? reasonOf(error)}`,
    {
      hint: `${noRoom === undefined ? "" : "docker2vm cache prune makes room; "}--cache-dir names another folder`,
      cause: error,
    },
  );
}

/** What it means where a layer is to be kept until its reader comes: the same, with another way out. */
export function scratchError(error: unknown, path: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const noRoom = lackOfRoom(error);
  return new Docker2vmError(
    noRoom === undefined ? "E_IO" : "E_NO_SPACE",
    `a layer cannot be kept in ${dirname(path)}: ${noRoom ?? reasonOf(error)}`,
    { hint: "what comes before it is wanted is kept there; --out names another place", cause: error },
  );
}

/** Whether the error is one of these. */
export function isStorageError(error: unknown): error is Docker2vmError {
  return error instanceof Docker2vmError && (error.code === "E_IO" || error.code === "E_NO_SPACE");
}
