import { type Extent, type Inode, type RegularFile, writtenSlot } from "../../../tree/inode.ts";
import { InodeList, ListedInode } from "../../kind/inode-list.ts";
import type { ClusterMap } from "./compressed-index.ts";
import type { DirectoryLayout } from "./directory-layout.ts";
import { NO_ATTRIBUTES, type PlannedXattrs } from "./xattrs.ts";

/** Inodes that there is room for at first. */
const FIRST_ROOM = 64;
const NO_SLOT = -1;

/** An inode of the tree, in the order of the walk. */
export interface PlannedInode {
  readonly node: Inode;
  /** Index of the directory that first names it. */
  readonly parent: number;
  /** The name there; "" for the root. */
  readonly name: string;
  readonly links: number;
  /** Where the inode was written to with its contents; undefined if it was not. */
  readonly slot: number | undefined;
  readonly directory: DirectoryLayout | undefined;
  /** None of a file whose inode was written with its contents. */
  readonly xattrs: PlannedXattrs;
}

export class PlannedInodes extends InodeList<DirectoryLayout, Listed> {
  readonly #xattrs = new Map<number, PlannedXattrs>();
  /** Where inodes were written to with their contents; NO_SLOT of those that were not. */
  #slots = new Float64Array(FIRST_ROOM);

  override add(node: Inode, parent: number): number {
    const index = super.add(node, parent);
    if (index === this.#slots.length) {
      const longer = new Float64Array(index * 2);
      longer.set(this.#slots);
      this.#slots = longer;
    }
    this.#slots[index] = (node.type === "file" ? writtenSlot(node) : undefined) ?? NO_SLOT;
    return index;
  }

  from(index: number): Listed {
    return new Listed(this, index);
  }

  xattrs(index: number): PlannedXattrs {
    return this.#xattrs.get(index) ?? NO_ATTRIBUTES;
  }

  /** Where the inode was written to with its contents; undefined if it was not. */
  slot(index: number): number | undefined {
    const slot = this.#slots[index] ?? NO_SLOT;
    return slot === NO_SLOT ? undefined : slot;
  }

  moveTo(index: number, slot: number): void {
    this.#slots[index] = slot;
  }

  setXattrs(index: number, xattrs: PlannedXattrs): void {
    if (xattrs !== NO_ATTRIBUTES) this.#xattrs.set(index, xattrs);
  }
}

export class Listed extends ListedInode<DirectoryLayout, PlannedInodes> implements PlannedInode {
  get slot(): number | undefined {
    return this.list.slot(this.index);
  }

  get xattrs(): PlannedXattrs {
    return this.list.xattrs(this.index);
  }
}

/** How the data of an inode is kept (fs/erofs/erofs_fs.h, EROFS_INODE_*). */
export type DataForm =
  /** In `blocks` blocks in one run; they are contents where `start` is given, else they have to be placed. */
  | { readonly kind: "plain"; readonly blocks: number; readonly start: number | undefined }
  /** In `blocks` blocks that have to be placed, and `tail` bytes behind the inode. */
  | { readonly kind: "inline"; readonly blocks: number; readonly tail: number }
  /** In chunks of 2^`bits` blocks. */
  | { readonly kind: "chunks"; readonly bits: number; readonly extents: readonly Extent[] }
  /** In clusters, which take `blocks` blocks. */
  | ({ readonly kind: "compressed"; readonly blocks: number } & ClusterMap);

/** A file whose inode was written with its contents. */
export interface SlottedFile {
  readonly index: number;
  readonly file: RegularFile;
  readonly slot: number;
}
