/** Where an inode's attributes went. */
export interface PlannedXattrs {
  /** The bytes after the inode's fields. */
  readonly inode: Uint8Array | undefined;
  /** Index of the block with the other attributes, or -1. */
  readonly block: number;
}

/** What most inodes have. */
export const NOT_ATTRIBUTED: PlannedXattrs = { inode: undefined, block: -1 };
