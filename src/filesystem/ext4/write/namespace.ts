/** The tree as inodes with numbers: everything about it that does not depend on where blocks lie. */
import { assert } from "../../../errors.ts";
import {
  type Directory,
  directoryOf,
  type Entries,
  type Inode,
  NO_XATTRS,
  type Timestamp,
} from "../../../tree/inode.ts";
import { type SortedEntries, sortedEntries } from "../../../tree/sorted-entries.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { checkInode, checkNames } from "../../kind/inode-limits.ts";
import type { Frame } from "../../kind/inode-list.ts";
import type { DirectoryHash } from "../format/dirhash.ts";
import { type DirectoryLayout, layOutDirectory } from "./directory-layout.ts";
import { checkLinks, otherExtents } from "./inode-limits.ts";
import { type Namespace, PlannedInodes } from "./planned-inode.ts";
import type { Variant } from "./variant.ts";
import { XattrPlanner } from "./xattrs.ts";

/** What messages call all three. */
const FORMAT = "ext4";
const LOST_AND_FOUND = "lost+found";
/** Inodes that are added without a pause. */
const INODES_PER_STEP = 256;
/** Blocks that mke2fs gives lost+found, so that e2fsck need not find free ones when it rescues files. */
const LOST_AND_FOUND_BLOCKS = 4;

export interface NamespaceOptions {
  readonly variant: Variant;
  readonly hash: DirectoryHash;
  readonly lostAndFound: boolean;
  readonly time: Timestamp;
  /** The filesystem's seed of checksums. */
  readonly seed: number;
}

/**
 * Numbers the tree depth-first in byte order of names, lost+found before all others, values of attributes that have
 * inodes of their own after them. Inodes are told apart by
 * identity: one that has several names gets one number. Throws E_FILESYSTEM_LIMIT.
 */
export function* planNamespace(root: Directory, options: NamespaceOptions): Steps<Namespace> {
  const walk = new Walk(options);
  yield* walk.run(root);
  const { blocks: xattrBlocks, valueInodes } = walk.xattrs;
  for (const value of valueInodes) walk.inodes.addValue(value);
  return { inodes: walk.inodes, xattrBlocks, valueInodes: valueInodes.length };
}

class Walk {
  readonly inodes = new PlannedInodes();
  readonly xattrs: XattrPlanner;
  readonly #options: NamespaceOptions;
  /** Directories being walked. A stack of our own: a tree may be deeper than the call stack. */
  readonly #stack: Frame<DirectoryLayout>[] = [];
  /** Where the inode stands that is being added, undefined for the root: for messages. */
  #named: Frame<DirectoryLayout> | undefined;
  /** One function for all, as there may be millions. */
  readonly #path = (): string => this.inodes.pathIn(this.#named);

  constructor(options: NamespaceOptions) {
    this.#options = options;
    this.xattrs = new XattrPlanner(options.variant, options.seed);
  }

  *run(root: Directory): Steps<void> {
    const entries = this.#rootEntries(root);
    const layout = yield* this.#layOut(entries, undefined);
    this.#add(root, undefined, layout);
    const lostAndFound = entries.get(LOST_AND_FOUND);
    // Numbered here, walked in its turn like any other.
    if (this.#options.lostAndFound && lostAndFound?.type === "directory") {
      const named = { index: 0, layout, next: placeOf(lostAndFound, layout.entries) };
      this.#add(lostAndFound, named, yield* this.#layOut(lostAndFound.entries, named, true));
    }
    this.#enter(0);
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      if (frame.next === frame.layout.entries.length) {
        this.#stack.pop();
        continue;
      }
      const child = frame.layout.entries.inode(frame.next);
      assert(child !== undefined, "a directory changed while it was walked");
      const isNewDirectory = child.type === "directory" && this.inodes.indexOf(child) === undefined;
      const directory = isNewDirectory ? yield* this.#layOut(child.entries, frame) : undefined;
      this.#visit(frame, child, directory);
      if (this.inodes.length % INODES_PER_STEP === 0) yield;
    }
    checkLinks(this.inodes, this.#options.variant);
  }

  #rootEntries(root: Directory): Entries {
    if (!this.#options.lostAndFound || root.entries.has(LOST_AND_FOUND)) return root.entries;
    const { time } = this.#options;
    const metadata = {
      mode: 0o700,
      uid: 0,
      gid: 0,
      mtime: time,
      atime: time,
      ctime: time,
      xattrs: NO_XATTRS,
    };
    const created = directoryOf(metadata);
    return new Map(root.entries).set(LOST_AND_FOUND, created);
  }

  /** `directory` is the child's own layout, if it is a directory that was not there before. */
  #visit(frame: Frame<DirectoryLayout>, child: Inode, directory: DirectoryLayout | undefined): void {
    const { index, layout } = frame;
    const childIndex = this.inodes.indexOf(child) ?? this.#add(child, frame, directory);
    layout.children[frame.next++] = childIndex;
    if (child.type === "directory") this.#enterChild(index, childIndex);
    else this.inodes.countLink(childIndex);
  }

  #enterChild(parent: number, index: number): void {
    assert(this.inodes.links(index) === 0, "a directory has two names");
    this.inodes.countLink(parent);
    this.#enter(index);
  }

  #enter(index: number): void {
    const layout = this.inodes.directory(index);
    assert(layout !== undefined, "only directories are entered");
    // Its name, or for the root its "..", and its own ".".
    this.inodes.countLink(index);
    this.inodes.countLink(index);
    this.#stack.push({ index, layout, next: 0 });
  }

  #add(
    node: Inode,
    named: Frame<DirectoryLayout> | undefined,
    directory: DirectoryLayout | undefined,
  ): number {
    const path = this.#path;
    this.#named = named;
    checkInode(node, FORMAT, path);
    const xattrs = this.xattrs.plan(node.metadata.xattrs, path);
    const extents = node.type === "file" ? otherExtents(node, this.#options.variant, path) : undefined;
    const index = this.inodes.add(node, named?.index ?? 0);
    this.inodes.setXattrs(index, xattrs);
    if (extents !== undefined) this.inodes.holdAs(index, extents);
    if (directory !== undefined) this.inodes.setDirectory(index, directory);
    return index;
  }

  *#layOut(
    entries: Entries,
    named: Frame<DirectoryLayout> | undefined,
    isLostAndFound = false,
  ): Steps<DirectoryLayout> {
    this.#named = named;
    const sorted = yield* sortedEntries(entries);
    checkNames(sorted, FORMAT, this.#path);
    const minimumBlocks = isLostAndFound ? LOST_AND_FOUND_BLOCKS : 1;
    const { hash, variant } = this.#options;
    return yield* layOutDirectory(sorted, { hash, room: variant.directory, minimumBlocks }, this.#path);
  }
}

function placeOf(inode: Inode, entries: SortedEntries): number {
  let at = 0;
  while (at < entries.length && entries.inode(at) !== inode) at++;
  return at;
}
