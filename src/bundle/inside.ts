/** Paths inside a root filesystem that is a folder of this machine, as the kernel resolves them in the container. */
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";

/** As many as the kernel follows (MAXSYMLINKS). */
const MAXIMUM_SYMLINKS = 40;

/** What a path leads to. */
export interface Inside {
  /** Where it lies on this machine, without symlinks below `root`. */
  readonly path: string;
  readonly stats: Stats;
}

/** Symlinks are followed, and none leads out: above the root is the root. Undefined for what is not there. */
export function findInside(root: string, path: string): Inside | undefined {
  const names: string[] = [];
  const left = path.split("/").reverse();
  let symlinks = 0;
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      names.pop();
      continue;
    }
    const target = linkTarget(join(root, ...names, name));
    if (target === undefined) {
      names.push(name);
      continue;
    }
    symlinks++;
    if (symlinks > MAXIMUM_SYMLINKS) return undefined;
    if (target.startsWith("/")) names.length = 0;
    left.push(...target.split("/").reverse());
  }
  const found = join(root, ...names);
  const stats = unlessUnreadable(() => lstatSync(found));
  return stats && { path: found, stats };
}

function linkTarget(path: string): string | undefined {
  return unlessUnreadable(() => (lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined));
}

/** What cannot be looked at is not there for this user. */
function unlessUnreadable<Found>(look: () => Found): Found | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
