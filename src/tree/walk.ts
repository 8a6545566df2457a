import type { Directory } from "./inode.ts";

/** As the kernel's MAXSYMLINKS. */
const SYMLINKS_FOLLOWED = 40;

/** The directory that `components` name below `root`, symlinks followed inside it; undefined if there is none. */
export function followPath(root: Directory, components: readonly string[]): Directory | undefined {
  const walk = new Walk(root, components);
  for (let name = walk.next(); name !== undefined; name = walk.next()) {
    const child = walk.here.entries.get(name);
    if (child?.type === "directory") walk.enter(child);
    else if (child?.type !== "symlink" || !walk.follow(child.target)) return undefined;
  }
  return walk.here;
}

/** A way through directories as the kernel goes it in a chroot: ".." and absolute targets never leave the root. */
export class Walk {
  readonly #root: Directory;
  /** The directories from the root's child down to `here`. */
  readonly #way: Directory[] = [];
  readonly #ahead: string[];
  #followed = 0;

  constructor(root: Directory, components: readonly string[]) {
    this.#root = root;
    this.#ahead = [...components].reverse();
  }

  get here(): Directory {
    return this.#way.at(-1) ?? this.#root;
  }

  /** The next name to look up in `here`; undefined at the end of the way. */
  next(): string | undefined {
    for (let name = this.#ahead.pop(); name !== undefined; name = this.#ahead.pop()) {
      if (name === "..") {
        this.#way.pop();
      } else if (name !== "" && name !== ".") return name;
    }
    return undefined;
  }

  /** Whether nothing is left to look up. */
  get isAtEnd(): boolean {
    return this.#ahead.length === 0;
  }

  enter(directory: Directory): void {
    this.#way.push(directory);
  }

  /** Goes on by a symlink's target; false if there were too many. */
  follow(target: string): boolean {
    if (++this.#followed > SYMLINKS_FOLLOWED) return false;
    if (target.startsWith("/")) this.#way.length = 0;
    this.#ahead.push(...target.split("/").reverse());
    return true;
  }
}
