/** Which entries of a directory lie in which of its blocks. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { sortedNames } from "../../../waiting/sorted.ts";
import type { Steps } from "../../../waiting/steps.ts";
import { DIRENT_SIZE } from "../format/directory.ts";

/** A directory's entries, "." and ".." among them, in byte order over all blocks: the kernel searches by halves. */
export interface DirectoryLayout {
  readonly names: readonly string[];
  /** For each block the index of the first entry past it. */
  readonly ends: readonly number[];
  /** Bytes: whole blocks, and what is used of the last one. */
  readonly size: number;
  /** The inode of each name, by its index; of "." and ".." as well. */
  readonly children: Int32Array;
}

/** Entries that are laid out without a pause. */
const ENTRIES_PER_STEP = 4096;

/** Fills each block as far as it goes. */
export function* layOutDirectory(entries: Iterable<string>): Steps<DirectoryLayout> {
  const names = yield* sortedNames([".", "..", ...entries]);
  const ends: number[] = [];
  let used = 0;
  for (const [index, name] of names.entries()) {
    const space = DIRENT_SIZE + name.length;
    if (used + space > BLOCK_SIZE) {
      ends.push(index);
      used = 0;
    }
    used += space;
    if (index % ENTRIES_PER_STEP === ENTRIES_PER_STEP - 1) yield;
  }
  ends.push(names.length);
  return { names, ends, size: (ends.length - 1) * BLOCK_SIZE + used, children: new Int32Array(names.length) };
}
