/** The tree as inodes in order: everything about it that does not depend on where blocks lie. */
import { assert } from "../../../errors.ts";
import {
  type Directory,
  directoryOf,
  type Inode,
  NO_XATTRS,
  type Timestamp,
  type Xattr,
} from "../../../tree/inode.ts";
import { sortedEntries } from "../../../tree/sorted-entries.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { checkNames } from "../../kind/inode-limits.ts";
import type { Frame } from "../../kind/inode-list.ts";
import { attributeEntries } from "./attribute-entries.ts";
import { attributeBlocks, attributeLayout } from "./attribute-layout.ts";
import { type DirectoryLayout, layOutBlocks, shortDirectoryBytes } from "./directory-layout.ts";
import { type Forks, forksFor, forksWithoutAttributes, MOST_LOCAL } from "./forks.ts";
import { checkInode, otherExtents } from "./inode-limits.ts";
import { Namespace, type PlannedAttributes } from "./planned-inode.ts";

/** What messages call it. */
const FORMAT = "xfs";
const LOST_AND_FOUND = "lost+found";
/** Inodes that are added without a pause. */
const INODES_PER_STEP = 256;

export interface NamespaceOptions {
  /** Whether there is to be a lost+found where the tree has none. */
  readonly lostAndFound: boolean;
  readonly time: Timestamp;
}

/**
 * The tree depth-first in byte order of names. Inodes are told apart by identity: one that has several names comes once.
 * Throws E_FILESYSTEM_LIMIT.
 */
export function* planNamespace(root: Directory, options: NamespaceOptions): Steps<Namespace> {
  const walk = new Walk();
  yield* walk.run(options.lostAndFound ? withLostAndFound(root, options.time) : root);
  return walk.inodes;
}

/** XFS has none of its own: xfs_repair makes one when it needs it, and takes one that there is. */
function withLostAndFound(root: Directory, time: Timestamp): Directory {
  if (root.entries.has(LOST_AND_FOUND)) return root;
  const metadata = { mode: 0o700, uid: 0, gid: 0, mtime: time, atime: time, ctime: time, xattrs: NO_XATTRS };
  const made = directoryOf(metadata);
  return { ...root, entries: new Map(root.entries).set(LOST_AND_FOUND, made) };
}

class Walk {
  readonly inodes = new Namespace();
  /** Files with the same attributes share the list, and so its layout. */
  readonly #attributes = new Map<readonly Xattr[], PlannedAttributes>();
  readonly #inBlocks = new Map<PlannedAttributes, PlannedAttributes>();
  /** Directories being walked. A stack of our own: a tree may be deeper than the call stack. */
  readonly #stack: Frame<DirectoryLayout>[] = [];
  /** Where the inode stands that is being added, undefined for the root: for messages. */
  #named: Frame<DirectoryLayout> | undefined;
  /** One function for all, as there may be millions. */
  readonly #path = (): string => this.inodes.pathIn(this.#named);

  *run(root: Directory): Steps<void> {
    yield* this.#enter(root, undefined);
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      const { entries, children } = frame.layout;
      if (frame.next === entries.length) {
        this.#stack.pop();
        continue;
      }
      const child = entries.inode(frame.next);
      assert(child !== undefined, "a directory changed while it was walked");
      children[frame.next] =
        child.type === "directory" ? yield* this.#descend(child, frame) : this.#visit(child, frame);
      frame.next++;
      if (this.inodes.length % INODES_PER_STEP === 0) yield;
    }
  }

  *#descend(directory: Directory, named: Frame<DirectoryLayout>): Steps<number> {
    assert(this.inodes.indexOf(directory) === undefined, "a directory has two names");
    this.inodes.countLink(named.index);
    return yield* this.#enter(directory, named);
  }

  *#enter(node: Directory, named: Frame<DirectoryLayout> | undefined): Steps<number> {
    this.#named = named;
    const entries = yield* sortedEntries(node.entries);
    checkNames(entries, FORMAT, this.#path);
    const planned = this.#plannedAttributes(node.metadata.xattrs);
    const forks = this.#forks(planned, shortDirectoryBytes(entries, MOST_LOCAL), false);
    const blocks = forks.localData ? undefined : yield* layOutBlocks(entries);
    const layout: DirectoryLayout = { entries, children: new Int32Array(entries.length), blocks };
    const attributes = this.#settled(planned, forks);
    const index = this.inodes.add(node, named?.index ?? 0);
    this.inodes.setForks(index, forks, attributes);
    this.inodes.setDirectory(index, layout);
    // Its name, or for the root its "..", and its own ".".
    this.inodes.countLink(index);
    this.inodes.countLink(index);
    this.#stack.push({ index, layout, next: 0 });
    return index;
  }

  #visit(child: Exclude<Inode, Directory>, named: Frame<DirectoryLayout>): number {
    const index = this.inodes.indexOf(child) ?? this.#add(child, named);
    this.inodes.countLink(index);
    return index;
  }

  #add(node: Exclude<Inode, Directory>, named: Frame<DirectoryLayout>): number {
    this.#named = named;
    checkInode(node, this.#path);
    const isSpecial = node.type !== "file" && node.type !== "symlink";
    const local = node.type === "symlink" ? node.target.length : 0;
    const planned = this.#plannedAttributes(node.metadata.xattrs);
    const forks = this.#forks(planned, local, isSpecial);
    const extents = node.type === "file" ? otherExtents(node) : undefined;
    const attributes = this.#settled(planned, forks);
    const index = this.inodes.add(node, named.index);
    this.inodes.setForks(index, forks, attributes);
    if (extents !== undefined) this.inodes.holdAs(index, extents);
    return index;
  }

  #forks(planned: PlannedAttributes | undefined, local: number, isSpecial: boolean): Forks {
    if (planned === undefined) return forksWithoutAttributes(local);
    return forksFor({ isSpecial, local, attributes: planned.layout.shortBytes });
  }

  #settled(planned: PlannedAttributes | undefined, forks: Forks): PlannedAttributes | undefined {
    return planned === undefined || forks.shortAttributes ? planned : this.#outside(planned);
  }

  #plannedAttributes(xattrs: readonly Xattr[]): PlannedAttributes | undefined {
    if (xattrs.length === 0) return undefined;
    const known = this.#attributes.get(xattrs);
    if (known !== undefined) return known;
    const entries = attributeEntries(xattrs, this.#path);
    if (entries.length === 0) return undefined;
    const planned = { layout: attributeLayout(entries), blocks: undefined };
    this.#attributes.set(xattrs, planned);
    return planned;
  }

  #outside(planned: PlannedAttributes): PlannedAttributes {
    const known = this.#inBlocks.get(planned);
    if (known !== undefined) return known;
    const made = { ...planned, blocks: attributeBlocks(planned.layout) };
    this.#inBlocks.set(planned, made);
    return made;
  }
}
