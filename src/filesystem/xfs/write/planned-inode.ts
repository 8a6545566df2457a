import type { Extent, Inode } from "../../../tree/inode.ts";
import { InodeList, ListedInode } from "../../kind/inode-list.ts";
import { INODES_PER_CHUNK } from "../format/inode.ts";
import type { AttributeBlocks, AttributeLayout } from "./attribute-layout.ts";
import type { DirectoryLayout } from "./directory-layout.ts";
import { type Forks, WHOLE } from "./forks.ts";

/** An inode of the tree, with all about it that does not depend on where blocks lie. */
export interface PlannedInode {
  readonly node: Inode;
  /** Index of the directory that first names it. */
  readonly parent: number;
  /** The name there; "" for the root. */
  readonly name: string;
  /** di_nlink, as counted on the walk. */
  readonly links: number;
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

/** The inodes of the tree; others may lie between them on the disk. */
export class Namespace extends InodeList<DirectoryLayout, Listed> {
  /** Of those that do not have all their room for data of their own. */
  readonly #forks = new Map<number, Forks>();
  readonly #attributes = new Map<number, PlannedAttributes>();

  from(index: number): Listed {
    return new Listed(this, index);
  }

  forks(index: number): Forks {
    return this.#forks.get(index) ?? WHOLE;
  }

  attributes(index: number): PlannedAttributes | undefined {
    return this.#attributes.get(index);
  }

  setForks(index: number, forks: Forks, attributes: PlannedAttributes | undefined): void {
    if (forks !== WHOLE) this.#forks.set(index, forks);
    if (attributes !== undefined) this.#attributes.set(index, attributes);
  }
}

export class Listed extends ListedInode<DirectoryLayout, Namespace> implements PlannedInode {
  get forks(): Forks {
    return this.list.forks(this.index);
  }

  get attributes(): PlannedAttributes | undefined {
    return this.list.attributes(this.index);
  }
}

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
