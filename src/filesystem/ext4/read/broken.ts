import type { Docker2vmError } from "../../../errors.ts";
import { brokenFilesystem } from "../../reading/broken.ts";

/** What to do about a filesystem of this kind that is broken. */
export const REPAIR = "e2fsck repairs what can be repaired; 'docker2vm verify' lists all that is wrong";

/** An E_INVALID_FILESYSTEM: `what` is wrong with the structure `where` ("inode 12, extent block 77"). */
export function broken(where: string, what: string): Docker2vmError {
  return brokenFilesystem(where, what, REPAIR);
}
