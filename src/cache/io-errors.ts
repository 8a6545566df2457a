import { Docker2vmError, systemErrorCode } from "../errors.ts";

/** What a failed access to a file that keeps parts of an image means: E_NO_SPACE or E_IO. */
export function storageError(error: unknown, path: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const code = systemErrorCode(error);
  const full = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
  const reason = full ? "there is no space left" : error instanceof Error ? error.message : String(error);
  return new Docker2vmError(full ? "E_NO_SPACE" : "E_IO", `${path}: ${reason}`, {
    hint: full
      ? "docker2vm cache prune makes room; --cache-dir puts the cache elsewhere"
      : "--cache-dir puts the cache elsewhere, --no-cache goes without",
    cause: error,
  });
}

/** Whether the error says that there is no such file. */
export function isAbsence(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}
