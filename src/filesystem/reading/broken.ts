import { Docker2vmError, type ErrorCode } from "../../errors.ts";
import { displayPath } from "../../tree/path.ts";

const SEPARATOR = ": ";
/** Codes of errors that name an inode. */
const OF_A_FILE: readonly ErrorCode[] = ["E_INVALID_FILESYSTEM", "E_UNSUPPORTED"];

/**
 * An E_INVALID_FILESYSTEM: `what` is wrong with the structure `where` ("inode 12, extent block 77"). What to do about it
 * goes by the kind of filesystem.
 */
export function brokenFilesystem(where: string, what: string, repair: string): Docker2vmError {
  return new Docker2vmError("E_INVALID_FILESYSTEM", `${where}${SEPARATOR}${what}`, { hint: repair });
}

/** An E_INVALID_FILESYSTEM for what is no such filesystem at all, and nothing that could be mended. */
export function noFilesystem(where: string, what: string): Docker2vmError {
  return new Docker2vmError("E_INVALID_FILESYSTEM", `${where}${SEPARATOR}${what}`, {
    hint:
      "name the raw image of one filesystem: not a disk with partitions, not a qcow2 file; " +
      "'docker2vm inspect-image' looks at container images, 'docker2vm convert' makes filesystems of them",
  });
}

/** What befalls a filesystem, wherever its bytes are. */
const OF_FILESYSTEM: ReadonlySet<ErrorCode> = new Set([
  "E_INVALID_FILESYSTEM",
  "E_UNSUPPORTED",
  "E_NEEDS_RECOVERY",
  "E_PATH_NOT_FOUND",
]);

/** The same error, with the file that the filesystem is in and, if one is given, another hint; any other as it is. */
export function inFile(path: string, error: unknown, hint?: string): unknown {
  if (!(error instanceof Docker2vmError) || !OF_FILESYSTEM.has(error.code)) return error;
  return new Docker2vmError(error.code, `${path}: ${error.message}`, {
    hint: hint ?? error.hint,
    cause: error,
  });
}

/** What reading a file threw, with the file's path (bytes, one character each) in front. */
export function atPath(error: unknown, path: string): unknown {
  if (!(error instanceof Docker2vmError) || !OF_A_FILE.includes(error.code) || path === "") return error;
  const { code, message, hint } = error;
  return new Docker2vmError(code, `${displayPath(path)}${SEPARATOR}${message}`, { hint, cause: error });
}

/** Where and what `broken` was told. */
export function partsOf(error: Docker2vmError): { where: string; what: string } {
  const at = error.message.indexOf(SEPARATOR);
  if (at < 0) return { where: "filesystem", what: error.message };
  return { where: error.message.slice(0, at), what: error.message.slice(at + SEPARATOR.length) };
}
