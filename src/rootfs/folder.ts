/** A root filesystem in a folder, as it is there. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import type { FolderSource, SourceOrigin } from "../source/source.ts";
import { inputError } from "../source/system-errors.ts";
import type { EntryPart } from "../tree/entry.ts";
import { itemsInTurns } from "../waiting/steps.ts";
import { FolderWalk } from "./folder-walk.ts";
import { NO_XATTR_SOURCE, xattrSource } from "./host-xattrs.ts";
import { type IdMaps, idMaps } from "./ownership.ts";
import type { ReadOptions, RootFilesystem } from "./root-filesystem.ts";

/** Throws E_IMAGE_NOT_FOUND, E_UNSUPPORTED for an OCI layout, E_USAGE for impossible owners, E_IO. */
export function openFolder(spec: FolderSource, origin: SourceOrigin): RootFilesystem {
  const { path } = spec;
  const ids = idMaps(spec);
  const root = realFolder(path);
  if (["oci-layout", "index.json", "blobs"].every((name) => existsSync(join(root, name)))) {
    throw new Docker2vmError("E_UNSUPPORTED", `${path}: holds an image in layers, not its files`, {
      hint: `give it as oci:${path}`,
    });
  }
  return {
    origin,
    name: path,
    size: undefined,
    warnings: [],
    read: (options) => {
      const withoutXattrs = options.withoutXattrs === true || spec.xattrs === false;
      return folderEntries(root, { ...options, ids, withoutXattrs });
    },
    close: async () => undefined,
  };
}

/** The folder itself, if the path is a symlink to it. */
function realFolder(path: string): string {
  try {
    const root = realpathSync(path);
    if (statSync(root).isDirectory()) return root;
  } catch (error) {
    throw inputError(error, path);
  }
  throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${path}: is no folder`, {
    hint: `a tar of files is given as rootfs-tar:${path}, the image of a filesystem as image:${path}`,
  });
}

/** What is asked of files on this machine that are read. */
type FilesOptions = Omit<ReadOptions, "inflate"> & {
  readonly ids: IdMaps;
  /**
   * Whether extended attributes are left out, with a warning, where nothing on this machine can read them; false if
   * absent: that is an error then.
   */
  readonly isContentWithout?: boolean | undefined;
};

/** A folder as entries, without symlinks in its path: its own is the first. */
export async function* folderEntries(
  root: string,
  options: FilesOptions,
): AsyncGenerator<readonly EntryPart[]> {
  const walk = new FolderWalk(Buffer.from(root), await walkOptions(root, undefined, options));
  yield* itemsInTurns(walk.parts(), options.signal);
}

/** One file as entries, without symlinks in its path: one entry by the file's name, and its contents. */
export async function* fileEntries(
  path: string,
  options: FilesOptions,
): AsyncGenerator<readonly EntryPart[]> {
  const name = basename(path);
  const walk = new FolderWalk(Buffer.from(path), await walkOptions(dirname(path), name, options));
  yield* itemsInTurns(walk.file(asName(name)), options.signal);
}

/** Bytes, one character each. */
function asName(name: string): string {
  return Buffer.from(name).toString("latin1");
}

async function walkOptions(
  folder: string,
  only: string | undefined,
  { signal, withoutXattrs = false, withStored = false, isContentWithout = false, ...options }: FilesOptions,
) {
  try {
    const xattrs = withoutXattrs ? NO_XATTR_SOURCE : await xattrSource(folder, signal, only);
    return { ...options, xattrs, withStored };
  } catch (error) {
    if (!isContentWithout || !(error instanceof Docker2vmError) || error.code !== "E_UNSUPPORTED")
      throw error;
    options.onWarning(`extended attributes are left out: ${error.message}`);
    return { ...options, xattrs: NO_XATTR_SOURCE, withStored };
  }
}
