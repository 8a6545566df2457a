/** The tree as a list of inodes: everything about it that does not depend on where blocks lie. */
import { assert } from "../../../errors.ts";
import { type Directory, type Inode, writtenSlot } from "../../../tree/inode.ts";
import { sortedEntries } from "../../../tree/sorted-entries.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { checkInode, checkNames } from "../../kind/inode-limits.ts";
import type { Frame } from "../../kind/inode-list.ts";
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

class Walk {
  readonly inodes = new PlannedInodes();
  readonly xattrs = new XattrPlanner();
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
      const dots = entries.dots(frame.next);
      if (dots > 0) children[frame.next] = dots === 1 ? frame.index : this.inodes.parent(frame.index);
      else {
        const child = entries.inode(frame.next);
        assert(child !== undefined, "a directory changed while it was walked");
        children[frame.next] =
          child.type === "directory" ? yield* this.#descend(child, frame) : this.#visit(child, frame);
        if (this.inodes.length % INODES_PER_STEP === 0) yield;
      }
      frame.next++;
    }
  }

  *#descend(directory: Directory, named: Frame<DirectoryLayout>): Steps<number> {
    assert(this.inodes.indexOf(directory) === undefined, "a directory has two names");
    this.inodes.countLink(named.index);
    return yield* this.#enter(directory, named);
  }

  #visit(child: Inode, named: Frame<DirectoryLayout>): number {
    const known = this.inodes.indexOf(child) ?? this.#add(child, named, undefined);
    this.inodes.countLink(known);
    return known;
  }

  *#enter(directory: Directory, named: Frame<DirectoryLayout> | undefined): Steps<number> {
    this.#named = named;
    const entries = yield* sortedEntries(directory.entries);
    checkNames(entries, "EROFS", this.#path);
    const layout = yield* layOutDirectory(entries);
    const index = this.#add(directory, named, layout);
    // Its name, or for the root its "..", and its own ".".
    this.inodes.countLink(index);
    this.inodes.countLink(index);
    this.#stack.push({ index, layout, next: 0 });
    return index;
  }

  #add(
    node: Inode,
    named: Frame<DirectoryLayout> | undefined,
    directory: DirectoryLayout | undefined,
  ): number {
    this.#named = named;
    checkInode(node, "EROFS", this.#path);
    const isWritten = node.type === "file" && writtenSlot(node) !== undefined;
    const xattrs = isWritten ? NO_ATTRIBUTES : this.xattrs.plan(node.metadata.xattrs, this.#path);
    const index = this.inodes.add(node, named?.index ?? 0);
    this.inodes.setXattrs(index, xattrs);
    if (directory !== undefined) this.inodes.setDirectory(index, directory);
    return index;
  }
}
