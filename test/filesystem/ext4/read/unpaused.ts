/** The reader as tests use it: by the same names, and without pauses. */

import {
  type Ext4Filesystem,
  type Ext4Inode,
  openExt4 as openSteps,
} from "../../../../src/filesystem/ext4/read/filesystem.ts";
import {
  Journal,
  readJournalFile as journalSteps,
} from "../../../../src/filesystem/ext4/read/journal/journal.ts";
import { recover as recoverSteps } from "../../../../src/filesystem/ext4/read/journal/recover.ts";
import { scanLog as scanSteps } from "../../../../src/filesystem/ext4/read/journal/scan.ts";
import { mappedRuns as pausedRuns } from "../../../../src/filesystem/ext4/read/mapping.ts";
import { verify as verifySteps } from "../../../../src/filesystem/ext4/read/verify/verify.ts";
import { extract as extractSteps } from "../../../../src/filesystem/reading/extract.ts";
import type { ReadableFilesystem, TypedInode } from "../../../../src/filesystem/reading/filesystem.ts";
import { list as pausedList } from "../../../../src/filesystem/reading/list.ts";
import { lookup as lookupSteps } from "../../../../src/filesystem/reading/lookup.ts";
import { walk as pausedWalk } from "../../../../src/filesystem/reading/walk.ts";
import { finished, type Steps, unpaused } from "../../../../src/waiting/steps.ts";

export const openFilesystem = withoutPauses(openSteps);
export const recover = withoutPauses(recoverSteps);
export const verify = withoutPauses(verifySteps);
export const extract = withoutPauses(extractSteps);
export const readJournalFile = withoutPauses(journalSteps);
export const openJournal = withoutPauses(Journal.open);
export const scanLog = withoutPauses(scanSteps);
export const list = withoutGaps(pausedList);
export const mappedRuns = withoutGaps(pausedRuns);

/** All files below the root. */
export function walk<Node extends TypedInode>(filesystem: ReadableFilesystem<Node>) {
  return unpaused(pausedWalk(filesystem, filesystem.root, () => true));
}

export function read(filesystem: Ext4Filesystem, file: Ext4Inode) {
  return unpaused(filesystem.read(file));
}

export function lookup(filesystem: Ext4Filesystem, path: string, options?: { readonly follow?: boolean }) {
  return finished(lookupSteps(filesystem, path, options));
}

function withoutPauses<Given extends unknown[], T>(work: (...given: Given) => Steps<T>) {
  return (...given: Given): T => finished(work(...given));
}

function withoutGaps<Given extends unknown[], T>(source: (...given: Given) => Iterable<T | undefined>) {
  return (...given: Given): Generator<T, void> => unpaused(source(...given));
}
