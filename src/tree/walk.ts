import type { Directory } from "./inode.ts";

/** As the kernel's MAXSYMLINKS. */
const SYMLINKS_FOLLOWED = 40;

/** The directory that `components` name below `root`, symlinks followed inside it; undefined if there is none. */
export function followPath(root: Directory, components: readonly string[]): Directory | undefined {
  const walk = new Walk(root, components);
  for (let name = walk.next(); name !== undefined; name = walk.next()) {
    const child = walk.here.entries.get(name);
    if (child?.type === "directory") walk.enter(name, child);
    else if (child?.type !== "symlink" || !walk.follow(child.target)) return undefined;
  }
  return walk.here;
}

/** A way through directories as the kernel goes it in a chroot: ".." and absolute targets never leave the root. */
export class Walk {
  readonly #root: Directory;
  /** The directories from the root's child down to `here`, and their names. */
  readonly #way: Directory[] = [];
  readonly #names: string[] = [];
  readonly #ahead: string[] = [];
  #followed = 0;

  constructor(root: Directory, components: readonly string[]) {
    this.#root = root;
    this.#goOnBy(components);
  }

  get here(): Directory {
    return this.#way.at(-1) ?? this.#root;
  }

  /** The directory above `here`; the root's is itself. */
  get above(): Directory {
    return this.#way.at(-2) ?? this.#root;
  }

  /** The names down to `here`, without symlinks. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Whether nothing is left to look up. */
  get isAtEnd(): boolean {
    return this.#ahead.length === 0;
  }

  /** The next name to look up in `here`; undefined at the end of the way. */
  next(): string | undefined {
    let name = this.#ahead.pop();
    for (; name === ".."; name = this.#ahead.pop()) {
      this.#way.pop();
      this.#names.pop();
    }
    return name;
  }

  enter(name: string, directory: Directory): void {
    this.#way.push(directory);
    this.#names.push(name);
  }

  /** Goes on by a symlink's target; false if there were too many. */
  follow(target: string): boolean {
    if (++this.#followed > SYMLINKS_FOLLOWED) return false;
    if (target.startsWith("/")) {
      this.#way.length = 0;
      this.#names.length = 0;
    }
    this.#goOnBy(target.split("/"));
    return true;
  }

  #goOnBy(components: readonly string[]): void {
    for (let at = components.length - 1; at >= 0; at--) {
      const name = components[at] ?? "";
      if (name !== "" && name !== ".") this.#ahead.push(name);
    }
  }
}
