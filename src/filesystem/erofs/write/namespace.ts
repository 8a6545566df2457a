/** The tree as a list of inodes: everything about it that does not depend on where blocks lie. */
import { assert } from "../../../errors.ts";
import { type Directory, type Entries, type Inode, writtenSlot } from "../../../tree/inode.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { checkInode, checkName } from "../../kind/inode-limits.ts";
import { EXTENDED_INODE_SIZE } from "../format/inode.ts";
import { type DirectoryLayout, layOutDirectory } from "./directory-layout.ts";
import { PlannedInodes } from "./planned-inode.ts";
import { type Attribute, NO_ATTRIBUTES, XattrPlanner } from "./xattrs.ts";

/** Inodes that are added without a pause. */
const INODES_PER_STEP = 256;

export interface Namespace {
  /** Depth-first in byte order of names, the root first. */
  readonly inodes: PlannedInodes;
  /** Attributes that several inodes refer to. */
  readonly sharedXattrs: readonly Attribute[];
}

/**
 * Inodes are told apart by identity: one that has several names is one inode. Throws E_FILESYSTEM_LIMIT.
 *
 * @param rootRoom bytes of the block that the root begins in, from there on
 */
export function* planNamespace(root: Directory, rootRoom: number): Steps<Namespace> {
  const walk = new Walk();
  yield* walk.run(root);
  const first = walk.inodes.at(0);
  const sharedXattrs = walk.xattrs.share(first?.xattrs ?? NO_ATTRIBUTES, rootRoom - EXTENDED_INODE_SIZE);
  return { inodes: walk.inodes, sharedXattrs };
}

interface Frame {
  readonly index: number;
  readonly entries: Entries;
  readonly layout: DirectoryLayout;
  next: number;
}

class Walk {
  readonly inodes = new PlannedInodes();
  readonly xattrs = new XattrPlanner();
  /** Directories being walked. A stack of our own: a tree may be deeper than the call stack. */
  readonly #stack: Frame[] = [];
  /** The inode that is being added, for messages: one function for all, as there may be millions. */
  #parent = 0;
  #name = "";
  readonly #path = (): string => this.inodes.pathOf(this.#parent, this.#name);

  *run(root: Directory): Steps<void> {
    yield* this.#enter(root, 0, "");
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      const { layout, index, entries } = frame;
      const at = frame.next++;
      const name = layout.names[at];
      if (name === undefined) {
        this.#stack.pop();
        continue;
      }
      if (name === ".") layout.children[at] = index;
      else if (name === "..") layout.children[at] = this.inodes.parent(index);
      else {
        const child = entries.get(name);
        assert(child !== undefined, "a directory changed while it was walked");
        if (child.type === "directory") layout.children[at] = yield* this.#descend(child, index, name);
        else layout.children[at] = this.#visit(child, index, name);
        if (this.inodes.length % INODES_PER_STEP === 0) yield;
      }
    }
  }

  *#descend(directory: Directory, parent: number, name: string): Steps<number> {
    assert(this.inodes.indexOf(directory) === undefined, "a directory has two names");
    this.inodes.countLink(parent);
    return yield* this.#enter(directory, parent, name);
  }

  #visit(child: Inode, parent: number, name: string): number {
    const known = this.inodes.indexOf(child) ?? this.#add(child, parent, name, undefined);
    this.inodes.countLink(known);
    return known;
  }

  *#enter(directory: Directory, parent: number, name: string): Steps<number> {
    this.#parent = parent;
    this.#name = name;
    for (const entry of directory.entries.keys()) checkName(entry, "EROFS", this.#path);
    const layout = yield* layOutDirectory(directory.entries.keys());
    const index = this.#add(directory, parent, name, layout);
    // Its name, or for the root its "..", and its own ".".
    this.inodes.countLink(index);
    this.inodes.countLink(index);
    this.#stack.push({ index, entries: directory.entries, layout, next: 0 });
    return index;
  }

  #add(node: Inode, parent: number, name: string, directory: DirectoryLayout | undefined): number {
    this.#parent = parent;
    this.#name = name;
    checkInode(node, "EROFS", this.#path);
    const isWritten = node.type === "file" && writtenSlot(node) !== undefined;
    const xattrs = isWritten ? NO_ATTRIBUTES : this.xattrs.plan(node.metadata.xattrs, this.#path);
    const index = this.inodes.add(node, parent, name);
    this.inodes.setXattrs(index, xattrs);
    if (directory !== undefined) this.inodes.setDirectory(index, directory);
    return index;
  }
}
