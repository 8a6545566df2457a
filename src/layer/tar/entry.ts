import type { Metadata } from "../../tree/inode.ts";

export type TarEntryType = "file" | "hardlink" | "symlink" | "char" | "block" | "directory" | "fifo";

/** Bytes of a file's contents and where in the file they belong. */
export interface Piece {
  readonly offset: number;
  /** Valid until the next piece is asked for. */
  readonly bytes: Uint8Array;
}

/** An entry with everything its extended headers say. Strings hold bytes, one character each (latin1). */
export interface TarEntry {
  /** As in the archive: not cleaned, perhaps absolute, empty or with "..". At most 4096 bytes, no NUL. */
  readonly path: string;
  readonly type: TarEntryType;
  /** The target of a hard link or symlink, else empty. */
  readonly linkname: string;
  /** Bytes of the file, holes included; 0 for everything but files. */
  readonly size: number;
  readonly metadata: Metadata;
  /** Device numbers; 0 for everything but devices. */
  readonly major: number;
  readonly minor: number;
  /**
   * The contents of a file: pieces at ascending offsets, gaps (also at the end) are holes. Nothing for everything
   * else. What is not read before the next entry is asked for is skipped; after that it cannot be read any more.
   */
  readonly data: AsyncIterable<Piece>;
}
