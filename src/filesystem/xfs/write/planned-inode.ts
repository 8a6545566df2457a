import type { Extent, Inode } from "../../../tree/inode.ts";
import { INODES_PER_CHUNK } from "../format/inode.ts";
import type { AttributeBlocks, AttributeLayout } from "./attribute-layout.ts";
import type { DirectoryLayout } from "./directory-layout.ts";
import type { Forks } from "./forks.ts";

/** An inode of the tree, with all about it that does not depend on where blocks lie. */
export interface PlannedInode {
  readonly node: Inode;
  /** Index of the directory that first names it. */
  readonly parent: number;
  /** The name there; "" for the root. */
  readonly name: string;
  /** di_nlink, as counted on the walk. */
  links: number;
  readonly forks: Forks;
  /** A regular file's contents as XFS can hold them; none for anything else. */
  readonly extents: readonly Extent[];
  readonly directory: DirectoryLayout | undefined;
  readonly attributes: PlannedAttributes | undefined;
}

/** The attributes of an inode: inside it, or in blocks. */
export interface PlannedAttributes {
  readonly layout: AttributeLayout;
  readonly blocks: AttributeBlocks | undefined;
}

/** The inodes of the tree, the root first; others may lie between them on the disk. */
export type Namespace = readonly PlannedInode[];

/** Inodes of the filesystem's own: bitmap and summary of the realtime device that there is not, after the root's. */
export const OWN_INODES = 2;

/** The place of an inode of the namespace among all inodes. */
export function slotOf(index: number): number {
  return index === 0 ? 0 : index + OWN_INODES;
}

/** Chunks of inodes that a namespace fills. */
export function chunksFor(inodes: number): number {
  return Math.ceil((inodes + OWN_INODES) / INODES_PER_CHUNK);
}

/** The path, from "/", of the entry `name` in the directory at `parent`. */
export function pathOf(inodes: Namespace, parent: number, name: string): string {
  const names: string[] = [name];
  for (let at = parent; at !== 0; at = inodes[at]?.parent ?? 0) names.push(inodes[at]?.name ?? "");
  return `/${names.reverse().join("/")}`;
}
