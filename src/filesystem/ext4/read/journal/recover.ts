/** An image as it is once a kernel has replayed its journal. The image itself is never written to. */

import { decode, viewOf } from "../../../../blocks/field.ts";
import { Docker2vmError } from "../../../../errors.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import type { Replay } from "../../../reading/filesystem.ts";
import type { ImageReader } from "../../../reading/image.ts";
import { EXT4_FC_TAG_HEAD, FAST_COMMIT_HEAD } from "../../format/fast-commit.ts";
import { broken } from "../broken.ts";
import { Volume } from "../volume.ts";
import { Journal } from "./journal.ts";
import { OverlaidImage } from "./overlay.ts";
import { putRecoveredHead, putRecoveredSuperblock } from "./recovered-heads.ts";
import { replayLog } from "./replay.ts";
import { type Log, scanLog } from "./scan.ts";

export interface Recovered {
  readonly volume: Volume;
  /** Undefined where nothing had to be. */
  readonly replay?: Replay;
}

/**
 * Opens an image, and if its journal wants it, replays that in memory. What is kept for each block is where its copy
 * lies, so memory follows the length of the log. Throws E_INVALID_FILESYSTEM for what cannot be read and for a journal
 * that a kernel refuses, and E_NEEDS_RECOVERY for one that this program does not replay.
 */
export function* recover(image: ImageReader): Steps<Recovered> {
  const volume = new Volume(image);
  if (!volume.has("needs_recovery")) return { volume };
  refuseJournalElsewhere(volume);
  const journal = yield* Journal.open(volume);
  const { fields } = journal.head;
  const overlay = new OverlaidImage(image, journal.blockSize);
  const none: Log = { records: [], first: fields.s_sequence, end: fields.s_sequence };
  const log = fields.s_start === 0 ? none : yield* scanLog(journal);
  if (fields.s_start !== 0) refuseFastCommits(journal, log.end);
  const revoked = yield* replayLog(journal, log, overlay);
  const replay = { transactions: (log.end - log.first) >>> 0, blocks: overlay.count, revoked };
  putRecoveredHead(journal, log.end, overlay);
  putRecoveredSuperblock(volume.superblock, fields.s_errno !== 0, overlay);
  return { volume: new Volume(overlay), replay };
}

function refuseJournalElsewhere(volume: Volume): void {
  const { s_journal_inum, s_journal_dev, s_journal_uuid } = volume.superblock.fields;
  const isElsewhere = s_journal_dev !== 0 || s_journal_uuid.some((byte) => byte !== 0);
  if (!volume.has("has_journal") || (s_journal_inum === 0 && !isElsewhere)) {
    throw broken("superblock", "changes in a journal are not in place yet, and there is no journal");
  }
  if (s_journal_inum === 0) throw notReplayed("the filesystem's journal, which is on another device,");
  if (s_journal_dev !== 0) throw broken("superblock", "it names two journals, in a file and on a device");
}

/**
 * Fast commits say what happened to files and not what blocks hold; putting them in place takes a filesystem that can
 * be written to. Those that are left from before the last full commit do not count.
 */
function refuseFastCommits(journal: Journal, sequence: number): void {
  const index = journal.end + 1;
  if (!journal.head.features.has("fast_commit") || index >= journal.head.fields.s_maxlen) return;
  const { fc_tag, fc_tid } = decode(FAST_COMMIT_HEAD, viewOf(journal.block(index)), 0);
  if (fc_tag === EXT4_FC_TAG_HEAD && fc_tid === sequence) {
    throw notReplayed("the filesystem's journal, which has fast commits,");
  }
}

function notReplayed(journal: string): Docker2vmError {
  return new Docker2vmError(
    "E_NEEDS_RECOVERY",
    `${journal} holds changes that are not in place yet, and this program cannot replay it`,
    { hint: "mount and unmount it once, or read it without them with --ignore-journal" },
  );
}
