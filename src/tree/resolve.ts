/** Paths inside a tree, as the kernel resolves them in a chroot. */
import type { Directory, Inode } from "./inode.ts";
import { Walk } from "./walk.ts";

/** Where a path leads. */
export interface Place {
  /** Without symlinks; bytes, one character each. */
  readonly path: string;
  readonly parent: Directory;
  /** Empty for the root. */
  readonly name: string;
  /** Undefined where nothing has the name yet. */
  readonly inode: Inode | undefined;
}

/** Why a path leads nowhere. */
export interface Obstacle {
  readonly obstacle: string;
}

export interface ResolveOptions {
  /** Whether a symlink at the very end is followed. */
  readonly follow: boolean;
  /** Makes a directory that the way needs and that is not there. Without it such a path leads nowhere. */
  readonly makeDirectory?: (parent: Directory, name: string, path: string) => Directory;
}

/** Resolves a path from the root, whether it says so or not. Nothing leads out: above the root is the root. */
export function resolvePath(root: Directory, path: string, options: ResolveOptions): Place | Obstacle {
  const walk = new Walk(root, path.split("/"));
  for (let name = walk.next(); name !== undefined; name = walk.next()) {
    const inode = walk.here.entries.get(name);
    if (inode?.type === "symlink" && (!walk.isAtEnd || options.follow)) {
      if (!walk.follow(inode.target)) return { obstacle: `${pathOf(walk, name)} leads in a circle` };
    } else if (inode?.type === "directory") {
      walk.enter(name, inode);
    } else if (walk.isAtEnd) {
      return { path: pathOf(walk, name), parent: walk.here, name, inode };
    } else if (inode === undefined && options.makeDirectory !== undefined) {
      walk.enter(name, options.makeDirectory(walk.here, name, pathOf(walk, name)));
    } else {
      return { obstacle: `${pathOf(walk, name)} is no directory` };
    }
  }
  const { above, here, names } = walk;
  return { path: `/${names.join("/")}`, parent: above, name: names.at(-1) ?? "", inode: here };
}

function pathOf({ names }: Walk, name: string): string {
  return `/${[...names, name].join("/")}`;
}

/** What a path names, symlinks followed; undefined if nothing. */
export function findPlace(root: Directory, path: string): (Place & { readonly inode: Inode }) | undefined {
  const place = resolvePath(root, path, { follow: true });
  if ("obstacle" in place || place.inode === undefined) return undefined;
  return { ...place, inode: place.inode };
}
