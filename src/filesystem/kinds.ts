/** The kinds of filesystems by their names. */
import { Docker2vmError } from "../errors.ts";
import { EROFS } from "./erofs/kind.ts";
import { EXT2, EXT3, EXT4 } from "./ext4/kind.ts";
import { FILESYSTEM_NAMES, type FilesystemKind, type FilesystemName } from "./kind/kind.ts";
import { XFS } from "./xfs/kind.ts";

const KINDS: Readonly<Record<FilesystemName, FilesystemKind>> = {
  ext4: EXT4,
  ext3: EXT3,
  ext2: EXT2,
  erofs: EROFS,
  xfs: XFS,
};

/** What images are called, whatever their kind. */
export const IMAGE_NAMES: readonly string[] = [
  ...new Set(Object.values(KINDS).map(({ fileName }) => fileName)),
];

/** The kind of that name; ext4 if none is given. Throws E_USAGE where there is none. */
export function filesystemKind(name: FilesystemName = "ext4"): FilesystemKind {
  if (Object.hasOwn(KINDS, name)) return KINDS[name];
  throw new Docker2vmError("E_USAGE", `${JSON.stringify(name)} is no filesystem that can be made`, {
    hint: `choose one of ${FILESYSTEM_NAMES.join(", ")}`,
  });
}
