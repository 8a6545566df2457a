import { EPOCH, type Extent, type Inode, NO_XATTRS, type RegularFile } from "../../../tree/inode.ts";
import { InodeList, ListedInode } from "../../kind/inode-list.ts";
import { EXT4_GOOD_OLD_FIRST_INO, EXT4_LINK_MAX, EXT4_ROOT_INO } from "../format/inode.ts";
import type { DirectoryLayout } from "./directory-layout.ts";
import { NOT_ATTRIBUTED, type PlannedXattrs } from "./planned-xattrs.ts";
import type { ValueInode } from "./value-inodes.ts";
import type { XattrBlock } from "./xattrs.ts";

/** An inode of the tree, numbered. */
export interface PlannedInode {
  readonly node: Inode;
  /** Index of the directory that first names it. */
  readonly parent: number;
  /** The name there; "" for the root. */
  readonly name: string;
  /** i_links_count, as counted on the walk. */
  readonly links: number;
  /** A regular file's contents as ext4 can hold them; none for anything else. */
  readonly extents: readonly Extent[];
  readonly directory: DirectoryLayout | undefined;
  readonly xattrs: PlannedXattrs;
  /** What the inode holds if it holds an attribute's value and is not part of the tree. */
  readonly valueInode: ValueInode | undefined;
}

/** Inode `i` has the number `inodeNumber(i)`. Those that hold values of attributes come last. */
export class PlannedInodes extends InodeList<DirectoryLayout, Listed> {
  readonly #xattrs = new Map<number, PlannedXattrs>();
  readonly #values = new Map<number, ValueInode>();

  from(index: number): Listed {
    return new Listed(this, index);
  }

  xattrs(index: number): PlannedXattrs {
    return this.#xattrs.get(index) ?? NOT_ATTRIBUTED;
  }

  /** What the inode holds if it holds an attribute's value. */
  valueInode(index: number): ValueInode | undefined {
    return this.#values.get(index);
  }

  setXattrs(index: number, xattrs: PlannedXattrs): void {
    if (xattrs !== NOT_ATTRIBUTED) this.#xattrs.set(index, xattrs);
  }

  /** The inode as it is numbered and written. The hash is its atime; the upper half of the references its ctime, 0. */
  addValue(value: ValueInode): void {
    const atime = { seconds: value.hash, nanoseconds: 0 };
    const metadata = { mode: 0o600, uid: 0, gid: 0, mtime: EPOCH, atime, ctime: EPOCH, xattrs: NO_XATTRS };
    const node: RegularFile = { type: "file", metadata, size: value.value.length, extents: [] };
    const index = this.add(node, 0);
    this.countLink(index);
    this.#values.set(index, value);
  }
}

export class Listed extends ListedInode<DirectoryLayout, PlannedInodes> implements PlannedInode {
  get xattrs(): PlannedXattrs {
    return this.list.xattrs(this.index);
  }

  get valueInode(): ValueInode | undefined {
    return this.list.valueInode(this.index);
  }
}

export interface Namespace {
  readonly inodes: PlannedInodes;
  readonly xattrBlocks: readonly XattrBlock[];
  /** Inodes at the end that hold values of attributes. */
  readonly valueInodes: number;
}

/** The number of an inode of the namespace: the root's is fixed, the others follow the reserved ones. */
export function inodeNumber(index: number): number {
  return index === 0 ? EXT4_ROOT_INO : EXT4_GOOD_OLD_FIRST_INO - 1 + index;
}

/** The inverse of `inodeNumber`; -1 for a reserved number that is not the root's. */
export function inodeIndex(number: number): number {
  if (number === EXT4_ROOT_INO) return 0;
  return number < EXT4_GOOD_OLD_FIRST_INO ? -1 : number - EXT4_GOOD_OLD_FIRST_INO + 1;
}

/** i_links_count of a directory: from what the field may say on, 1 means "many" (dir_nlink). */
export function directoryLinks(counted: number): number {
  return counted >= EXT4_LINK_MAX ? 1 : counted;
}
