import type { Docker2vmError } from "../../../errors.ts";
import { brokenFilesystem } from "../../reading/broken.ts";

/** What to do about a filesystem of this kind that is broken. */
export const REPAIR =
  "nothing mends an EROFS image: make it again; fsck.erofs and 'docker2vm verify' tell what is wrong with it";

/** An E_INVALID_FILESYSTEM: `what` is wrong with the structure `where` ("inode 12, chunk 7"). */
export function broken(where: string, what: string): Docker2vmError {
  return brokenFilesystem(where, what, REPAIR);
}
