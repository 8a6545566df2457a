/** Puts what is in a log in place, in memory: the second and third of the kernel's passes (fs/jbd2/recovery.c). */
import { be32, be64, decode, viewOf } from "../../../../blocks/field.ts";
import type { Paused, Steps } from "../../../../waiting/steps.ts";
import { JBD2_MAGIC_NUMBER } from "../../format/journal.ts";
import { REVOKE_HEADER, REVOKE_HEADER_SIZE } from "../../format/journal-log.ts";
import { brokenJournal } from "./broken-journal.ts";
import type { Journal } from "./journal.ts";
import { copyIsRight } from "./log-checksums.ts";
import type { OverlaidImage } from "./overlay.ts";
import type { Log, LogRecord } from "./scan.ts";
import { isAtOrAfter } from "./sequence.ts";
import { type BlockTag, roomIn, tagsIn } from "./tags.ts";

/** A tag and the block of the journal that has its copy. */
interface TaggedCopy {
  readonly tag: BlockTag;
  readonly index: number;
  readonly sequence: number;
}

const MAGIC = new Uint8Array(4);
be32(0).put(viewOf(MAGIC), 0, JBD2_MAGIC_NUMBER);

/**
 * Lays the newest copy of each block over the image. Returns how many copies were revoked. Throws
 * E_INVALID_FILESYSTEM for a copy whose checksum is wrong or that has no place in the image.
 */
export function* replayLog(journal: Journal, log: Log, overlay: OverlaidImage): Steps<number> {
  const revokes = yield* lastRevokes(journal, log);
  let revoked = 0;
  for (const copy of copiesIn(journal, log)) {
    yield;
    if (copy === undefined) continue;
    const { tag, index, sequence } = copy;
    const revoke = revokes.get(tag.block);
    if (revoke !== undefined && isAtOrAfter(revoke, sequence)) {
      revoked++;
      continue;
    }
    if (!copyIsRight(journal.head, tag, journal.block(index), sequence)) {
      throw brokenJournal(`the checksum of its copy of block ${tag.block} is wrong`);
    }
    // A filesystem may have grown since: only the image itself says which blocks there are.
    if ((tag.block + 1) * journal.blockSize > overlay.size) {
      throw brokenJournal(`it has a copy of block ${tag.block}, which is past the end of the image`);
    }
    if (journal.holds(tag.block)) {
      throw brokenJournal(`it has a copy of block ${tag.block}, which is its own`);
    }
    overlay.put(tag.block, { copy: journal.place(index), start: tag.escaped ? MAGIC : undefined });
  }
  return revoked;
}

function* copiesIn(journal: Journal, { records }: Log): Paused<TaggedCopy> {
  for (const { type, index, sequence } of records) {
    yield;
    if (type !== "descriptor") continue;
    let copy = index;
    for (const tag of tagsIn(journal.head, journal.block(index))) {
      copy = journal.after(copy, 1);
      yield { tag, index: copy, sequence };
    }
  }
}

/**
 * For each block the last transaction that revoked it, which goes for the copies of that transaction and of those
 * before it. Only blocks that have copies count, so that there are never more than those.
 */
function* lastRevokes(journal: Journal, log: Log): Steps<ReadonlyMap<number, number>> {
  const revokes = new Map<number, number>();
  const blocks = log.records.filter(({ type }) => type === "revoke");
  if (blocks.length === 0) return revokes;
  const copied = new Set<number>();
  for (const copy of copiesIn(journal, log)) {
    if (copy === undefined) yield;
    else copied.add(copy.tag.block);
  }
  for (const record of blocks) {
    yield;
    for (const block of revokedBy(journal, record)) {
      const known = revokes.get(block);
      if (copied.has(block) && (known === undefined || isAtOrAfter(record.sequence, known))) {
        revokes.set(block, record.sequence);
      }
    }
  }
  return revokes;
}

function* revokedBy(journal: Journal, { index, sequence }: LogRecord): Generator<number, void> {
  const bytes = journal.block(index);
  const view = viewOf(bytes);
  const end = decode(REVOKE_HEADER, view, 0).r_count;
  if (end > roomIn(journal.head, bytes.length)) {
    throw brokenJournal(`a list of revoked blocks of its transaction ${sequence} is too long`);
  }
  const number = journal.head.features.has("64bit") ? be64(0) : be32(0);
  for (let at = REVOKE_HEADER_SIZE; at + number.width <= end; at += number.width) yield number.get(view, at);
}
