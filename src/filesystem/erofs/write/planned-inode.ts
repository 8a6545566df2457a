import type { Extent, Inode, RegularFile } from "../../../tree/inode.ts";
import type { ClusterMap } from "./compressed-index.ts";
import type { DirectoryLayout } from "./directory-layout.ts";
import type { PlannedXattrs } from "./xattrs.ts";

/** An inode of the tree, in the order of the walk. */
export interface PlannedInode {
  readonly node: Inode;
  /** Index of the directory that first names it. */
  readonly parent: number;
  /** The name there; "" for the root. */
  readonly name: string;
  links: number;
  /** Where the inode was written to with its contents; undefined if it was not. */
  slot: number | undefined;
  readonly directory: DirectoryLayout | undefined;
  /** None of a file whose inode was written with its contents. */
  readonly xattrs: PlannedXattrs;
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

/** The path, from "/", of the entry `name` in the directory at `parent`. */
export function pathOf(inodes: readonly PlannedInode[], parent: number, name: string): string {
  const names: string[] = [name];
  for (let at = parent; at !== 0; at = inodes[at]?.parent ?? 0) names.push(inodes[at]?.name ?? "");
  return `/${names.reverse().join("/")}`;
}

/** A file whose inode was written with its contents. */
export interface SlottedFile {
  readonly planned: PlannedInode;
  readonly file: RegularFile;
  readonly slot: number;
}
