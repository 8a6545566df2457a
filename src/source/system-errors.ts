import { Docker2vmError, systemErrorCode } from "../errors.ts";

/** What a failed open, stat or read of an input means to the user: E_IMAGE_NOT_FOUND or E_IO. */
export function inputError(error: unknown, path: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const code = systemErrorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new Docker2vmError("E_IMAGE_NOT_FOUND", `${path}: there is no such file or folder`, {
      cause: error,
    });
  }
  const hint = code === "EACCES" || code === "EPERM" ? "this user may not read it" : undefined;
  return new Docker2vmError("E_IO", `${path}: cannot be read: ${reason(error)}`, { hint, cause: error });
}

/** What a failed write of a scratch file means: E_NO_SPACE or E_IO. */
export function scratchError(error: unknown, folder: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const code = systemErrorCode(error);
  const full = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
  return new Docker2vmError(
    full ? "E_NO_SPACE" : "E_IO",
    `the archive cannot be kept in ${folder}: ${full ? "there is no space left" : reason(error)}`,
    {
      hint: "an archive that is compressed or comes through a pipe is kept there, uncompressed, while it is read",
      cause: error,
    },
  );
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
