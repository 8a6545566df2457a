/** Files of a filesystem with what `ls -l` says of them. */

import type { Timestamp } from "../../tree/inode.ts";
import type { Paused } from "../../waiting/steps.ts";
import { atPath } from "./broken.ts";
import { type FileType, modeOf, type ReadableFilesystem, type TypedInode } from "./filesystem.ts";
import { lookup } from "./lookup.ts";
import { pathOf, walk } from "./walk.ts";

export interface ListedFile {
  /** Below the path that was asked for: bytes, one character each; the last name alone for a file. */
  readonly path: string;
  readonly inode: number;
  readonly type: FileType;
  /** st_mode: type and permissions. */
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: Timestamp;
  /** Of a symlink: the target's bytes, one character each; undefined if it is encrypted. */
  readonly target?: string;
  /** Of a device. */
  readonly device?: { readonly major: number; readonly minor: number };
}

/**
 * The files in the directory at `path` by name, or the one file that is there. A symlink at its end is followed only
 * if the path ends in a slash. Throws E_PATH_NOT_FOUND.
 */
export function* list(
  filesystem: ReadableFilesystem,
  path: string,
  options: { readonly recursive?: boolean } = {},
): Paused<ListedFile> {
  const top = yield* lookup(filesystem, path, { follow: false });
  if (top.type !== "directory") {
    yield listed(filesystem, path.split("/").at(-1) ?? path, top);
    return;
  }
  const { recursive = false } = options;
  for (const file of walk(filesystem, top, () => recursive)) {
    yield file && listed(filesystem, pathOf(file), file.inode);
  }
}

function listed(filesystem: ReadableFilesystem, path: string, inode: TypedInode): ListedFile {
  const { number, type, links, uid, gid, size, mtime } = inode;
  const file: ListedFile = { path, inode: number, type, mode: modeOf(inode), links, uid, gid, size, mtime };
  if (type === "symlink" && !filesystem.isEncrypted(inode)) {
    try {
      return { ...file, target: filesystem.readlink(inode) };
    } catch (error) {
      throw atPath(error, path);
    }
  }
  if (type === "char" || type === "block") return { ...file, device: filesystem.device(inode) };
  return file;
}
