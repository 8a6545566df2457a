/** Which entries of a directory lie in which of its blocks. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import type { SortedEntries } from "../../../tree/sorted-entries.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { DIRENT_SIZE } from "../format/directory.ts";
import { DirectoryEntries } from "./directory-entries.ts";

/** A directory's entries, "." and ".." among them, in byte order over all blocks: the kernel searches by halves. */
export interface DirectoryLayout {
  readonly entries: DirectoryEntries;
  /** For each block the index of the first entry past it. */
  readonly ends: readonly number[];
  /** Bytes: whole blocks, and what is used of the last one. */
  readonly size: number;
  /** The inode of each entry, by its index; of "." and ".." as well. */
  readonly children: Int32Array;
}

/** Entries that are laid out without a pause. */
const ENTRIES_PER_STEP = 4096;

/** Fills each block as far as it goes. */
export function* layOutDirectory(sorted: SortedEntries): Steps<DirectoryLayout> {
  const entries = new DirectoryEntries(sorted);
  const ends: number[] = [];
  let used = 0;
  for (let index = 0; index < entries.length; index++) {
    const space = DIRENT_SIZE + entries.nameLength(index);
    if (used + space > BLOCK_SIZE) {
      ends.push(index);
      used = 0;
    }
    used += space;
    if (index % ENTRIES_PER_STEP === ENTRIES_PER_STEP - 1) yield;
  }
  ends.push(entries.length);
  const size = (ends.length - 1) * BLOCK_SIZE + used;
  return { entries, ends, size, children: new Int32Array(entries.length) };
}
