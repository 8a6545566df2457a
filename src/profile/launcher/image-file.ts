import type { Directory, RegularFile } from "../../tree/inode.ts";
import { followPath } from "../../tree/walk.ts";

/** As the kernel's MAXSYMLINKS. */
const SYMLINKS_FOLLOWED = 40;

/**
 * The regular file that `path` (absolute) leads to in the image, symlinks followed inside its root as in a chroot;
 * undefined if there is none.
 */
export function regularFileAt(root: Directory, path: string): RegularFile | undefined {
  let components = path.split("/");
  for (let followed = 0; followed <= SYMLINKS_FOLLOWED; followed++) {
    const parent = components.slice(0, -1);
    const inode = followPath(root, parent)?.entries.get(components.at(-1) ?? "");
    if (inode?.type === "file") return inode;
    if (inode?.type !== "symlink") return undefined;
    const target = inode.target.split("/");
    components = inode.target.startsWith("/") ? target : [...parent, ...target];
  }
  return undefined;
}
