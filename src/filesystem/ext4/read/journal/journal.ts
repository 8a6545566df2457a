/** The journal in a file of the filesystem: its head, and its blocks by their number in it. */

import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { hasFlag, readInode } from "../inode.ts";
import type { MappedRun } from "../mapped-run.ts";
import { mappedRuns } from "../mapping.ts";
import type { Volume } from "../volume.ts";
import { brokenJournal } from "./broken-journal.ts";
import { decodeHead, endOfLog, headFaults, type JournalHead } from "./head.ts";

/** Where the blocks of a journal lie. */
export interface JournalFile {
  /** Ascending, without gaps, from its block 0 on. */
  readonly runs: readonly MappedRun[];
  /** Whole blocks by its size. */
  readonly blocks: number;
}

/** Throws E_INVALID_FILESYSTEM unless the journal's inode is a file with all its blocks. */
export function* readJournalFile(volume: Volume): Steps<JournalFile> {
  const { blockSize, fields } = volume.superblock;
  const inode = readInode(volume, fields.s_journal_inum);
  if (inode.type !== "file" || inode.links === 0 || hasFlag(inode, "encrypted")) {
    throw brokenJournal(`${inodeName(inode.number)} is no regular file in use`);
  }
  const runs: MappedRun[] = [];
  let next = 0;
  for (const run of mappedRuns(volume, inode)) {
    yield;
    if (run === undefined) continue;
    if (run.logical !== next) throw brokenJournal(`there is no block ${next} of it`);
    next += run.length;
    runs.push(run);
  }
  if (next === 0) throw brokenJournal("it has no blocks");
  if (next * blockSize < inode.size) throw brokenJournal("it has fewer blocks than its size says");
  return { runs, blocks: Math.floor(inode.size / blockSize) };
}

/** The head of the journal, whatever it says. */
export function readHead(volume: Volume, file: JournalFile): JournalHead {
  return decodeHead(volume.block(file.runs[0]?.physical ?? 0, "journal"));
}

/** A journal that a kernel would use. Its blocks are read when they are asked for. */
export class Journal {
  readonly head: JournalHead;
  readonly blockSize: number;
  /** Where the log ends, which goes on at s_first. */
  readonly end: number;
  readonly #volume: Volume;
  readonly #runs: readonly MappedRun[];
  readonly #byPlace: readonly MappedRun[];

  /** Throws E_INVALID_FILESYSTEM for a journal that no kernel would use. */
  static *open(volume: Volume): Steps<Journal> {
    const file = yield* readJournalFile(volume);
    const head = readHead(volume, file);
    const [fault] = headFaults(head, volume.superblock.blockSize, file.blocks);
    if (fault !== undefined) throw brokenJournal(fault);
    return new Journal(volume, file, head);
  }

  private constructor(volume: Volume, file: JournalFile, head: JournalHead) {
    this.head = head;
    this.blockSize = volume.superblock.blockSize;
    this.end = endOfLog(this.head);
    this.#volume = volume;
    this.#runs = file.runs;
    this.#byPlace = [...file.runs].sort((a, b) => a.physical - b.physical);
  }

  /** A block's bytes, which are not to be changed. */
  block(index: number): Uint8Array {
    return this.#volume.block(this.place(index), "journal");
  }

  /** The block of the image that holds a block of the journal. Throws E_INVALID_FILESYSTEM for none of its. */
  place(index: number): number {
    const run = index < this.head.fields.s_maxlen ? lastUpTo(this.#runs, "logical", index) : undefined;
    if (run === undefined || run.unwritten) throw brokenJournal(`its log leads to block ${index} of it`);
    return run.physical + index - run.logical;
  }

  /** Whether a block of the image is the journal's own. */
  holds(block: number): boolean {
    const run = lastUpTo(this.#byPlace, "physical", block);
    return run !== undefined && block < run.physical + run.length;
  }

  /** The block of the log that is `count` past this one (fs/jbd2/recovery.c, wrap). */
  after(index: number, count: number): number {
    const next = index + count;
    return next < this.end ? next : next - (this.end - this.head.fields.s_first);
  }
}

/** The last run that begins at `value` or before; the runs ascend by `key`. */
function lastUpTo(
  runs: readonly MappedRun[],
  key: "logical" | "physical",
  value: number,
): MappedRun | undefined {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle]?.[key] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return runs[low - 1];
}
