/** The reader as tests use it: by the same names, and without pauses. */
import { extract as extractSteps } from "../../src/ext4-reader/extract.ts";
import {
  type Filesystem,
  openFilesystem as openSteps,
  type TypedInode,
} from "../../src/ext4-reader/filesystem.ts";
import { Journal, readJournalFile as journalSteps } from "../../src/ext4-reader/journal/journal.ts";
import { recover as recoverSteps } from "../../src/ext4-reader/journal/recover.ts";
import { scanLog as scanSteps } from "../../src/ext4-reader/journal/scan.ts";
import { list as pausedList } from "../../src/ext4-reader/list.ts";
import { mappedRuns as pausedRuns } from "../../src/ext4-reader/mapping.ts";
import { verify as verifySteps } from "../../src/ext4-reader/verify/verify.ts";
import { walk as pausedWalk } from "../../src/ext4-reader/walk.ts";
import { finished, type Paused, type Steps, unpaused } from "../../src/waiting/steps.ts";

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
export function walk(filesystem: Filesystem) {
  return unpaused(pausedWalk(filesystem, filesystem.root, () => true));
}

export function read(filesystem: Filesystem, file: TypedInode) {
  return unpaused(filesystem.read(file));
}

export function lookup(filesystem: Filesystem, ...how: Parameters<Filesystem["lookup"]>) {
  return finished(filesystem.lookup(...how));
}

function withoutPauses<Given extends unknown[], T>(work: (...given: Given) => Steps<T>) {
  return (...given: Given): T => finished(work(...given));
}

function withoutGaps<Given extends unknown[], T>(source: (...given: Given) => Paused<T>) {
  return (...given: Given): Generator<T, void> => unpaused(source(...given));
}
