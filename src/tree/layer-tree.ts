import { Docker2vmError } from "../errors.ts";
import type { DeferredLink } from "./deferred-links.ts";
import { type Directory, type Inode, impliedDirectory } from "./inode.ts";
import { LayerMarks } from "./layer-marks.ts";
import { OddNames } from "./odd-names.ts";
import { displayPath, NAME_MAX, pathComponents } from "./path.ts";
import { TREE_COST, TreeBudget } from "./tree-budget.ts";
import { followPath, Walk } from "./walk.ts";
import { OPAQUE_WHITEOUT, WHITEOUT_PREFIX } from "./whiteouts.ts";

/** Where a layer's entries go, in the order of the tar. */
export interface LayerTarget {
  /** What messages call the layer. */
  readonly name: string;
  /** Puts an inode at `path`, over whatever the layer had there. */
  add(path: string, inode: Inode): void;
  /** Makes `path` one more name of what `target` names, in this layer or below it. */
  link(path: string, target: string): void;
  /** Whether the name makes the entry a whiteout. */
  isWhiteout(path: string): boolean;
  /** Hides what the layers below have; `path` is one of which `isWhiteout` is true. */
  whiteout(path: string): void;
  /** Nothing more comes: what was counted for a warning is told. */
  finish(): void;
}

export interface LayerTreeOptions {
  /** Hears what users of the image may not expect; the message does not name the layer. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** What the whole image may take; absent: this layer has one of its own. */
  readonly budget?: TreeBudget | undefined;
  /** Hears of every entry, and of every directory that only a path names. */
  readonly onEntry?: (() => void) | undefined;
  /** Whether names that begin with ".wh." are as good as any: there is nothing below to be hidden. False if absent. */
  readonly isWhole?: boolean | undefined;
}

/**
 * One layer unpacked by itself, the way containerd's overlay snapshotter unpacks into an empty upper directory, and
 * what it says of the layers below it.
 */
export class LayerTree implements LayerTarget {
  readonly name: string;
  readonly root: Directory = impliedDirectory();
  readonly marks = new LayerMarks();
  /** Inodes under AUFS's own names: never in the image, but hard links may lead to them. */
  readonly #aufs = new Map<string, Inode>();
  /** Tars list a directory's entries together: the last parent is nearly always the next one. */
  #lastParent: { path: string; folder: string | undefined; directory: Directory } | undefined;
  readonly #onEntry: () => void;

  readonly #budget: TreeBudget;
  readonly #odd: OddNames;

  constructor(
    name: string,
    {
      onWarning,
      budget = new TreeBudget(),
      onEntry = () => undefined,
      isWhole = false,
    }: LayerTreeOptions = {},
  ) {
    this.name = name;
    this.#odd = new OddNames(isWhole, onWarning);
    this.#budget = budget;
    this.#onEntry = onEntry;
    this.marks.implied.add(this.root);
  }

  add(path: string, inode: Inode): void {
    this.#onEntry();
    this.#budget.spend(TREE_COST.name + path.length + (inode.type === "symlink" ? inode.target.length : 0));
    const known = this.#lastParent;
    if (known?.folder !== undefined && isIn(known.folder, path)) {
      const name = path.slice(known.folder.length);
      if (isPlainName(name)) {
        this.#put(known.directory, name, inode);
        return;
      }
    }
    const components = pathComponents(path, this.name);
    const name = components.pop();
    if (name === undefined) {
      this.#describeRoot(inode);
    } else if (this.#odd.isAufs(path, components, name)) {
      this.#aufs.set([...components, name].join("/"), inode);
    } else {
      const odd = this.#odd.isBelowWhiteout(path, components);
      const directory = this.#parent(path, components);
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      if (this.#lastParent !== undefined && path === folder + name && !odd) this.#lastParent.folder = folder;
      this.#put(directory, name, inode);
    }
  }

  link(path: string, target: string): void {
    this.#onEntry();
    const components = pathComponents(path, this.name);
    const name = components.pop();
    if (name === undefined) throw this.#bad(path, "is the root and cannot be a hard link");
    if (this.#odd.isAufs(path, components, name)) return;
    this.#odd.isBelowWhiteout(path, components);
    const found = this.find(target);
    if (found?.type === "directory") {
      throw this.#bad(path, `is a hard link to the directory '${displayPath(target)}'`);
    }
    this.#budget.spend(TREE_COST.name + path.length + target.length);
    const parent = this.#parent(path, components);
    if (found !== undefined) {
      // A link to itself stays what it is: putting it anew would drop the only name first.
      if (parent.entries.get(name) !== found) this.#put(parent, name, found);
      return;
    }
    // A link to a link leads where that one leads, whatever the layers below have at its name.
    const end = this.#linkAt(target)?.target ?? target;
    this.#remove(parent, name);
    this.marks.links.add({ parent, name, path, target: end });
  }

  isWhiteout(path: string): boolean {
    return this.#odd.isWhiteout(path, this.name);
  }

  whiteout(path: string): void {
    this.#onEntry();
    const components = pathComponents(path, this.name);
    const name = components.pop() ?? "";
    if (this.#odd.isAufs(path, components, "")) return;
    const hidden = name.slice(WHITEOUT_PREFIX.length);
    if (hidden === "" || hidden === "." || hidden === "..") throw this.#bad(path, "is a whiteout of no name");
    const parent = this.#reach(components);
    if (typeof parent === "string") {
      this.#odd.hidesNothing(path, parent);
      return;
    }
    if (name === OPAQUE_WHITEOUT) {
      this.marks.opaque.add(parent);
      return;
    }
    this.#odd.checkSpelling(path, name);
    this.#budget.spend(TREE_COST.name + path.length);
    this.marks.hide(parent, hidden);
  }

  finish(): void {
    this.#odd.tell();
  }

  /** Links whose targets were not in this layer when they came and that are still in the tree, in the order of the tar. */
  get deferredLinks(): Iterable<DeferredLink> {
    return this.marks.links;
  }

  /** Whether the link has nothing to lead to yet. */
  isOpen(link: DeferredLink): boolean {
    return this.marks.links.has(link);
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

  /** As find, but stops at a deferred link that is in the way or is the path's end: what it leads to decides. */
  findOrLink(path: string): Inode | DeferredLink | undefined {
    return this.#blockedBy(path) ?? this.find(path);
  }

  #blockedBy(path: string): DeferredLink | undefined {
    const walk = new Walk(this.root, pathComponents(path, this.name));
    for (let name = walk.next(); name !== undefined; name = walk.next()) {
      const child = walk.here.entries.get(name);
      if (child?.type === "directory") walk.enter(name, child);
      else if (child === undefined) return this.marks.links.get(walk.here, name);
      else if (walk.isAtEnd || child.type !== "symlink" || !walk.follow(child.target)) return undefined;
    }
    return undefined;
  }

  #linkAt(path: string): DeferredLink | undefined {
    const components = pathComponents(path, this.name);
    const name = components.pop() ?? "";
    const parent = followPath(this.root, components);
    return parent && this.marks.links.get(parent, name);
  }

  #describeRoot(inode: Inode): void {
    if (inode.type !== "directory")
      throw new Docker2vmError("E_BAD_LAYER", `${this.name}: the root is a ${inode.type}, not a directory`);
    this.root.metadata = inode.metadata;
    this.marks.implied.delete(this.root);
  }

  #put(parent: Directory, name: string, inode: Inode): void {
    const existing = parent.entries.get(name);
    if (existing?.type === "directory" && inode.type === "directory") {
      existing.metadata = inode.metadata;
      this.marks.implied.delete(existing);
      return;
    }
    if (existing === undefined) this.marks.links.delete(parent, name);
    else this.#remove(parent, name);
    parent.entries.set(name, inode);
  }

  #remove(parent: Directory, name: string): void {
    const removed = parent.entries.get(name);
    if (removed?.type === "directory") this.marks.forget(removed);
    if (parent.entries.delete(name)) this.#lastParent = undefined;
    this.marks.links.delete(parent, name);
  }

  /** The directory that `components` name, made where the layer has not mentioned it. */
  #parent(path: string, components: readonly string[]): Directory {
    const directory = this.#reach(components);
    if (typeof directory === "string") throw this.#bad(path, directory);
    return directory;
  }

  /** As #parent; what is in the way instead, as a sentence about the path. */
  #reach(components: readonly string[]): Directory | string {
    const key = components.join("/");
    if (this.#lastParent?.path === key) return this.#lastParent.directory;
    const directory = this.#walk(components);
    if (typeof directory !== "string") this.#lastParent = { path: key, folder: undefined, directory };
    return directory;
  }

  #walk(components: readonly string[]): Directory | string {
    const walk = new Walk(this.root, components);
    for (let name = walk.next(); name !== undefined; name = walk.next()) {
      const child = walk.here.entries.get(name);
      if (child === undefined) walk.enter(name, this.#imply(walk.here, name));
      else if (child.type === "directory") walk.enter(name, child);
      else if (child.type === "symlink") {
        if (!walk.follow(child.target)) return "lies below symlinks that lead in a circle";
      } else return `lies below '${displayPath(name)}', which is a ${child.type} in the same layer`;
    }
    return walk.here;
  }

  #bad(path: string, what: string): Docker2vmError {
    return new Docker2vmError("E_BAD_LAYER", `${this.name}: '${displayPath(path)}' ${what}`);
  }

  #imply(parent: Directory, name: string): Directory {
    this.#onEntry();
    this.#budget.spend(TREE_COST.name);
    const directory = impliedDirectory();
    this.marks.implied.add(directory);
    this.#put(parent, name, directory);
    return directory;
  }
}

/** Whether a path is written as the folder's, which is "" or ends in a slash, and one name. Nothing is made for it. */
function isIn(folder: string, path: string): boolean {
  return path.lastIndexOf("/") === folder.length - 1 && path.startsWith(folder);
}

/** Whether a name is what it looks like: nothing to be resolved, refused or taken for a whiteout. */
function isPlainName(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  return name.length <= NAME_MAX && !name.startsWith(WHITEOUT_PREFIX) && !name.includes("\0");
}
