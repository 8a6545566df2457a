/** Paths inside a tree, as the kernel resolves them in a chroot. */
import type { Directory, Inode } from "../tree/inode.ts";

/** As the kernel's MAXSYMLINKS. */
const SYMLINKS_FOLLOWED = 40;

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
  const way = new Way(root, path);
  for (let name = way.next(); name !== undefined; name = way.next()) {
    const inode = way.here.entries.get(name);
    if (inode?.type === "symlink" && (!way.isAtEnd || options.follow)) {
      if (!way.follow(inode.target)) return { obstacle: `${way.pathOf(name)} leads in a circle` };
    } else if (inode?.type === "directory") {
      way.enter(name, inode);
    } else if (way.isAtEnd) {
      return { path: way.pathOf(name), parent: way.here, name, inode };
    } else if (inode === undefined && options.makeDirectory !== undefined) {
      way.enter(name, options.makeDirectory(way.here, name, way.pathOf(name)));
    } else {
      return { obstacle: `${way.pathOf(name)} is no directory` };
    }
  }
  return way.place();
}

/** What a path names, symlinks followed; undefined if nothing. */
export function findPlace(root: Directory, path: string): (Place & { readonly inode: Inode }) | undefined {
  const place = resolvePath(root, path, { follow: true });
  if ("obstacle" in place || place.inode === undefined) return undefined;
  return { ...place, inode: place.inode };
}

interface Step {
  readonly name: string;
  readonly directory: Directory;
}

/** The directories from the root down to `here`, and the names that are ahead. */
class Way {
  readonly #root: Directory;
  readonly #steps: Step[] = [];
  readonly #ahead: string[] = [];
  #followed = 0;

  constructor(root: Directory, path: string) {
    this.#root = root;
    this.#goOnBy(path);
  }

  get here(): Directory {
    return this.#steps.at(-1)?.directory ?? this.#root;
  }

  get isAtEnd(): boolean {
    return this.#ahead.length === 0;
  }

  /** The next name to look up in `here`; undefined at the end of the way. */
  next(): string | undefined {
    let name = this.#ahead.pop();
    for (; name === ".."; name = this.#ahead.pop()) this.#steps.pop();
    return name;
  }

  enter(name: string, directory: Directory): void {
    this.#steps.push({ name, directory });
  }

  /** Goes on by a symlink's target; false if there were too many. */
  follow(target: string): boolean {
    if (++this.#followed > SYMLINKS_FOLLOWED) return false;
    if (target.startsWith("/")) this.#steps.length = 0;
    this.#goOnBy(target);
    return true;
  }

  pathOf(name: string): string {
    return `/${[...this.#steps.map((step) => step.name), name].join("/")}`;
  }

  place(): Place {
    const last = this.#steps.at(-1);
    if (last === undefined) return { path: "/", parent: this.#root, name: "", inode: this.#root };
    const parent = this.#steps.at(-2)?.directory ?? this.#root;
    return { path: this.pathOf("").slice(0, -1), parent, name: last.name, inode: last.directory };
  }

  #goOnBy(path: string): void {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    this.#ahead.push(...parts.reverse());
  }
}
