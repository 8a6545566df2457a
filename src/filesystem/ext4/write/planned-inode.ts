import { EPOCH, type Extent, type Inode, NO_XATTRS } from "../../../tree/inode.ts";
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
  links: number;
  /** A regular file's contents as ext4 can hold them; none for anything else. */
  readonly extents: readonly Extent[];
  readonly directory: DirectoryLayout | undefined;
  readonly xattrs: PlannedXattrs;
  /** What the inode holds if it holds an attribute's value and is not part of the tree. */
  readonly valueInode: ValueInode | undefined;
}

export interface Namespace {
  /** Inode `i` has the number `inodeNumber(i)`; the root is the first. */
  readonly inodes: readonly PlannedInode[];
  readonly xattrBlocks: readonly XattrBlock[];
  /** Inodes at the end that hold values of attributes. */
  readonly valueInodes: number;
}

/** The inode as it is numbered and written. The hash is its atime; the upper half of the references is its ctime, 0. */
export function plannedValueInode(valueInode: ValueInode): PlannedInode {
  const atime = { seconds: valueInode.hash, nanoseconds: 0 };
  const metadata = { mode: 0o600, uid: 0, gid: 0, mtime: EPOCH, atime, ctime: EPOCH, xattrs: NO_XATTRS };
  return {
    node: { type: "file", metadata, size: valueInode.value.length, extents: [] },
    parent: 0,
    name: "",
    links: 1,
    extents: [],
    directory: undefined,
    xattrs: NOT_ATTRIBUTED,
    valueInode,
  };
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

/** The path, from "/", of the entry `name` in the directory at `parent`. */
export function pathOf(inodes: readonly PlannedInode[], parent: number, name: string): string {
  const names: string[] = [name];
  for (let at = parent; at !== 0; at = inodes[at]?.parent ?? 0) names.push(inodes[at]?.name ?? "");
  return `/${names.reverse().join("/")}`;
}

/** i_links_count of a directory: from what the field may say on, 1 means "many" (dir_nlink). */
export function directoryLinks(counted: number): number {
  return counted >= EXT4_LINK_MAX ? 1 : counted;
}
