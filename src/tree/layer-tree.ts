import { Docker2vmError } from "../errors.ts";
import { type Directory, type Inode, impliedDirectory, type Metadata } from "./inode.ts";
import { displayPath, NAME_MAX, pathComponents } from "./path.ts";

/** Names with a meaning of their own in a layer (image-spec, layer.md, "Whiteouts"). */
const WHITEOUT_PREFIX = ".wh.";
const OPAQUE_WHITEOUT = ".wh..wh..opq";
/** AUFS keeps its own records under such names; they are no part of the image. */
const AUFS_PREFIX = ".wh..wh.";

/** As the kernel's MAXSYMLINKS. */
const SYMLINKS_FOLLOWED = 40;

/** A hard link whose target the layer itself does not hold: it may be in the layers below. */
export interface DeferredLink {
  readonly parent: Directory;
  readonly name: string;
  readonly path: string;
  readonly target: string;
  readonly order: number;
}

/**
 * True if the name makes the entry a whiteout, whatever its type says: AUFS and some builders store whiteouts as hard
 * links.
 */
export function isWhiteout(path: string, layer: string): boolean {
  if (!path.includes(WHITEOUT_PREFIX)) return false;
  const name = pathComponents(path, layer).at(-1) ?? "";
  return name === OPAQUE_WHITEOUT || (name.startsWith(WHITEOUT_PREFIX) && !name.startsWith(AUFS_PREFIX));
}

/** Where a layer's entries go, in the order of the tar. */
export interface LayerTarget {
  /** What messages call the layer. */
  readonly name: string;
  /** Puts an inode at `path`, over whatever the layer had there. */
  add(path: string, inode: Inode): void;
  /** Makes `path` one more name of what `target` names, in this layer or below it. */
  link(path: string, target: string): void;
  /** Hides what the layers below have; `path` is one of which `isWhiteout` is true. */
  whiteout(path: string): void;
}

/**
 * One layer unpacked by itself, the way containerd's overlay snapshotter unpacks into an empty upper directory.
 * What the layer says of the layers below it (whiteouts, opaque directories, links into them) is kept beside the
 * tree and takes effect when the layer is laid over them: so it does not matter where in the tar it stood.
 */
export class LayerTree implements LayerTarget {
  readonly name: string;
  readonly root: Directory = impliedDirectory();
  /** Directories that only a path below them mentions. */
  readonly implied = new Set<Directory>([this.root]);
  /** Directories that hide everything the layers below have in them. */
  readonly opaque = new Set<Directory>();
  /** Names that hide what the layers below have there. */
  readonly whiteouts = new Map<Directory, Set<string>>();
  readonly #links = new Map<Directory, Map<string, DeferredLink>>();
  #order = 0;
  /** Inodes under AUFS's own names: never in the image, but hard links may lead to them. */
  readonly #aufs = new Map<string, Inode>();
  /** Tars list a directory's entries together: the last parent is nearly always the next one. */
  #lastParent: { path: string; folder: string | undefined; directory: Directory } | undefined;
  readonly #onEntry: () => void;

  /** @param onEntry hears of every entry, and of every directory that only a path names */
  constructor(name: string, onEntry: () => void = () => undefined) {
    this.name = name;
    this.#onEntry = onEntry;
  }

  add(path: string, inode: Inode): void {
    this.#onEntry();
    const [folder, last] = splitLast(path);
    if (this.#lastParent?.folder === folder && isPlainName(last)) {
      this.#put(this.#lastParent.directory, last, inode);
      return;
    }
    const components = pathComponents(path, this.name);
    const name = components.pop();
    if (name === undefined) {
      this.#describeRoot(inode);
    } else if (this.#isAufs(components, name)) {
      this.#aufs.set([...components, name].join("/"), inode);
    } else {
      const directory = this.#parent(path, components);
      if (this.#lastParent !== undefined && name === last) this.#lastParent.folder = folder;
      this.#put(directory, name, inode);
    }
  }

  link(path: string, target: string): void {
    this.#onEntry();
    const components = pathComponents(path, this.name);
    const name = components.pop();
    if (name === undefined) throw this.#bad(path, "is the root and cannot be a hard link");
    if (this.#isAufs(components, name)) return;
    const found = this.find(target);
    if (found?.type === "directory") {
      throw this.#bad(path, `is a hard link to the directory '${displayPath(target)}'`);
    }
    const parent = this.#parent(path, components);
    if (found !== undefined) {
      // A link to itself stays what it is: putting it anew would drop the only name first.
      if (parent.entries.get(name) !== found) this.#put(parent, name, found);
      return;
    }
    this.#remove(parent, name);
    // A link to a link leads where that one leads, whatever the layers below have at its name.
    const end = this.#linkAt(target)?.target ?? target;
    setIn(this.#links, parent, new Map()).set(name, {
      parent,
      name,
      path,
      target: end,
      order: this.#order++,
    });
  }

  whiteout(path: string): void {
    this.#onEntry();
    const components = pathComponents(path, this.name);
    const name = components.pop() ?? "";
    if (this.#isAufs(components, "")) return;
    const parent = this.#parent(path, components);
    if (name === OPAQUE_WHITEOUT) {
      this.opaque.add(parent);
      return;
    }
    const hidden = name.slice(WHITEOUT_PREFIX.length);
    if (hidden === "" || hidden === "." || hidden === "..") throw this.#bad(path, "is a whiteout of no name");
    setIn(this.whiteouts, parent, new Set()).add(hidden);
  }

  /** Links whose targets were not in this layer when they came, in the order of the tar. */
  deferredLinks(): DeferredLink[] {
    const links = [...this.#links.values()].flatMap((byName) => [...byName.values()]);
    return links.sort((a, b) => a.order - b.order);
  }

  /** Gives a deferred link what it leads to. */
  resolve(link: DeferredLink, inode: Exclude<Inode, Directory>): void {
    this.#put(link.parent, link.name, inode);
  }

  /** What `path` names in this layer; the last component is not followed if it is a symlink. */
  find(path: string): Inode | undefined {
    const components = pathComponents(path, this.name);
    const aufs = this.#aufs.get(components.join("/"));
    if (aufs !== undefined) return aufs;
    const name = components.pop();
    if (name === undefined) return this.root;
    return followPath(this.root, components)?.entries.get(name);
  }

  #linkAt(path: string): DeferredLink | undefined {
    const components = pathComponents(path, this.name);
    const name = components.pop() ?? "";
    const parent = followPath(this.root, components);
    return parent && this.#links.get(parent)?.get(name);
  }

  #describeRoot(inode: Inode): void {
    if (inode.type !== "directory")
      throw new Docker2vmError("E_BAD_LAYER", `${this.name}: the root is a ${inode.type}, not a directory`);
    this.root.metadata = inode.metadata;
    this.implied.delete(this.root);
  }

  #put(parent: Directory, name: string, inode: Inode): void {
    const existing = parent.entries.get(name);
    if (existing?.type === "directory" && inode.type === "directory") {
      existing.metadata = inode.metadata;
      this.implied.delete(existing);
      return;
    }
    this.#remove(parent, name);
    parent.entries.set(name, inode);
  }

  #remove(parent: Directory, name: string): void {
    if (parent.entries.delete(name)) this.#lastParent = undefined;
    this.#links.get(parent)?.delete(name);
  }

  #isAufs(components: readonly string[], name: string): boolean {
    if (name.startsWith(AUFS_PREFIX) || components.some((part) => part.startsWith(AUFS_PREFIX))) return true;
    const whiteout = components.find((part) => part.startsWith(WHITEOUT_PREFIX));
    if (whiteout === undefined) return false;
    throw this.#bad([...components, name].join("/"), `lies below the whiteout '${displayPath(whiteout)}'`);
  }

  /** The directory that `components` name, made where the layer has not mentioned it. */
  #parent(path: string, components: readonly string[]): Directory {
    const key = components.join("/");
    if (this.#lastParent?.path === key) return this.#lastParent.directory;
    const directory = this.#walk(path, components);
    this.#lastParent = { path: key, folder: undefined, directory };
    return directory;
  }

  #walk(path: string, components: readonly string[]): Directory {
    const walk = new Walk(this.root, components);
    for (let name = walk.next(); name !== undefined; name = walk.next()) {
      const child = walk.here.entries.get(name);
      if (child === undefined) walk.enter(this.#imply(walk.here, name));
      else if (child.type === "directory") walk.enter(child);
      else if (child.type === "symlink") {
        if (!walk.follow(child.target)) throw this.#bad(path, "lies below symlinks that lead in a circle");
      } else
        throw this.#bad(
          path,
          `lies below '${displayPath(name)}', which is a ${child.type} in the same layer`,
        );
    }
    return walk.here;
  }

  #bad(path: string, what: string): Docker2vmError {
    return new Docker2vmError("E_BAD_LAYER", `${this.name}: '${displayPath(path)}' ${what}`);
  }

  #imply(parent: Directory, name: string): Directory {
    this.#onEntry();
    const directory = impliedDirectory();
    this.implied.add(directory);
    this.#put(parent, name, directory);
    return directory;
  }
}

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
class Walk {
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

/** A path as it is written, up to its last slash and behind it. */
function splitLast(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [slash < 0 ? "" : path.slice(0, slash), path.slice(slash + 1)];
}

/** Whether a name is what it looks like: nothing to be resolved, refused or taken for a whiteout. */
function isPlainName(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  return name.length <= NAME_MAX && !name.startsWith(WHITEOUT_PREFIX) && !name.includes("\0");
}

/** An empty directory with the attributes that its own entry gave it. */
export function directoryOf(metadata: Metadata): Directory {
  return { type: "directory", metadata, entries: new Map() };
}

function setIn<K, V>(map: Map<K, V>, key: K, fallback: V): V {
  const present = map.get(key);
  if (present !== undefined) return present;
  map.set(key, fallback);
  return fallback;
}
