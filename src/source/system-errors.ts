import { Docker2vmError, isAbsence, reasonOf } from "../errors.ts";
import { meaningOf, writeError } from "../system-errors.ts";

const FAILING = "the disk or the server that it lies on fails: copy it elsewhere, or try again";

/** What a failed open, stat or read of an input means to the user: E_IMAGE_NOT_FOUND or E_IO. */
export function inputError(error: unknown, path: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  if (isAbsence(error)) {
    return new Docker2vmError("E_IMAGE_NOT_FOUND", `${path}: there is no such file or folder`, {
      hint: "check the path; one that does not begin with / begins at the current folder",
      cause: error,
    });
  }
  return new Docker2vmError("E_IO", `${path}: cannot be read: ${reasonOf(error)}`, {
    hint: meaningOf(error).reading ?? FAILING,
    cause: error,
  });
}

/** An input that was there and is not, or not all of it. */
export function changedError(path: string, how: string): Docker2vmError {
  return new Docker2vmError("E_IO", `${path}: ${how} while being read`, {
    hint: "convert it again once nothing writes there any more",
  });
}

/** What a failed write of a scratch file means: E_NO_SPACE or E_IO. `elsewhere` says how to name another folder. */
export function scratchError(
  error: unknown,
  folder: string,
  elsewhere = "--out names another place",
): Docker2vmError {
  return writeError(
    error,
    `the archive cannot be kept in ${folder}`,
    `an archive that is compressed or comes through a pipe is kept there, uncompressed, while it is read; ${elsewhere}`,
  );
}
