/** Files one after another, as a tar brings them or a walk through a tree that is somewhere already. */
import type { Metadata } from "./inode.ts";

/** "hardlink": one more name of a file that has another. */
export type EntryType = "file" | "hardlink" | "symlink" | "char" | "block" | "directory" | "fifo" | "socket";

/** A file, all but its contents. Strings hold bytes, one character each (latin1). */
export interface FileEntry {
  /** As it was written: not cleaned, perhaps absolute, empty or with "..". */
  readonly path: string;
  readonly type: EntryType;
  /** The target of a hard link or symlink, else empty. */
  readonly linkname: string;
  /** Bytes of the file, holes included; 0 for everything but files. */
  readonly size: number;
  /** Bytes of the file that come: the others are holes. Its size, where nobody has asked for that. */
  readonly stored: number;
  readonly metadata: Metadata;
  /** Device numbers; 0 for everything but devices. */
  readonly major: number;
  readonly minor: number;
}

/** An entry, or some of the contents of the file that came last: at ascending offsets, what lies between is holes. */
export type EntryPart =
  | { readonly kind: "entry"; readonly entry: FileEntry }
  | { readonly kind: "contents"; readonly offset: number; readonly bytes: Uint8Array };
