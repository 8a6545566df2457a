import type { TarEntryType } from "../../tar/member.ts";
import type { TarPart as PartOf } from "../../tar/walker.ts";
import type { Metadata } from "../../tree/inode.ts";

/** An entry with everything its extended headers say. Strings hold bytes, one character each (latin1). */
export interface TarEntry {
  /** As in the archive: not cleaned, perhaps absolute, empty or with "..". At most 4096 bytes, no NUL. */
  readonly path: string;
  readonly type: TarEntryType;
  /** The target of a hard link or symlink, else empty. */
  readonly linkname: string;
  /** Bytes of the file, holes included; 0 for everything but files. */
  readonly size: number;
  /** Bytes of the file that the archive has: the others are holes. */
  readonly stored: number;
  readonly metadata: Metadata;
  /** Device numbers; 0 for everything but devices. */
  readonly major: number;
  readonly minor: number;
}

export type TarPart = PartOf<TarEntry>;
