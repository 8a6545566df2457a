import type { TarEntryType } from "../../tar/member.ts";
import type { TarPart as PartOf } from "../../tar/walker.ts";
import type { FileEntry } from "../../tree/entry.ts";

/** An entry with everything its extended headers say; its path has at most 4096 bytes and no NUL. */
export interface TarEntry extends FileEntry {
  readonly type: TarEntryType;
}

export type TarPart = PartOf<TarEntry>;
