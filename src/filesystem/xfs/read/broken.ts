import type { Docker2vmError } from "../../../errors.ts";
import { brokenFilesystem } from "../../reading/broken.ts";

/** What to do about a filesystem of this kind that is broken. */
export const REPAIR = "xfs_repair -n -f lists what is wrong with an image, xfs_repair -f repairs what can be";

/** An E_INVALID_FILESYSTEM: `what` is wrong with the structure `where` ("inode 131, directory block 2"). */
export function broken(where: string, what: string): Docker2vmError {
  return brokenFilesystem(where, what, REPAIR);
}
