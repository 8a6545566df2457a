import { Docker2vmError } from "../../errors.ts";

/** An E_FILESYSTEM_LIMIT for the inode at `path` (bytes, as its names are): "path: problem". */
export function limitError(path: string, problem: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_FILESYSTEM_LIMIT", `${printable(path)}: ${problem}`, { hint });
}

/** A name's bytes for a message: what is not printable ASCII as \xhh. */
export function printable(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
