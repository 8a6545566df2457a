/** A root filesystem in a folder, as it is there. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
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
    read: (options) => entries(root, ids, spec.xattrs ?? true, options),
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

async function* entries(
  root: string,
  ids: IdMaps,
  withXattrs: boolean,
  { signal, attributes, withoutXattrs = false, withStored = false, onWarning, onBytes }: ReadOptions,
): AsyncGenerator<readonly EntryPart[]> {
  const xattrs = withXattrs && !withoutXattrs ? await xattrSource(root, signal) : NO_XATTR_SOURCE;
  const walk = new FolderWalk(Buffer.from(root), { ids, xattrs, attributes, withStored, onWarning, onBytes });
  yield* itemsInTurns(walk.parts(), signal);
}
