/** Where the log ends, and what is in it up to there: the first of the kernel's three passes (fs/jbd2/recovery.c). */
import { decode, viewOf } from "../../../../blocks/field.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { JBD2_MAGIC_NUMBER } from "../../format/journal.ts";
import {
  COMMIT_HEADER,
  JBD2_CRC32_CHKSUM,
  JBD2_CRC32_CHKSUM_SIZE,
  LOG_BLOCK_TYPE,
  LOG_HEADER,
} from "../../format/journal-log.ts";
import { brokenJournal } from "./broken-journal.ts";
import { crc32Be } from "./crc32-be.ts";
import type { Journal } from "./journal.ts";
import { commitIsRight, tailIsRight } from "./log-checksums.ts";
import { isAtOrAfter, sequenceAfter } from "./sequence.ts";
import { tagsIn } from "./tags.ts";

/** A block of the log that says something of blocks of the filesystem. */
export interface LogRecord {
  readonly type: "descriptor" | "revoke";
  /** The block of the journal that it is. */
  readonly index: number;
  /** Of its transaction. */
  readonly sequence: number;
}

export interface Log {
  /** Of all complete transactions, in order. */
  readonly records: readonly LogRecord[];
  /** The number of the first transaction, and of the first that is not complete. */
  readonly first: number;
  readonly end: number;
}

const START = 0xffffffff;

/**
 * Finds the complete transactions of a journal that is in use. Throws E_INVALID_FILESYSTEM for damage that a kernel
 * refuses; what it takes for the end of the log is the end of the log.
 */
export function scanLog(journal: Journal): Steps<Log> {
  return new Scanner(journal).scan();
}

class Scanner {
  readonly #journal: Journal;
  readonly #records: LogRecord[] = [];
  #next: number;
  #sequence: number;
  /** Blocks of the log that were passed. */
  #passed = 0;
  /** Of the transaction so far, for the feature checksum. */
  #checksum = START;
  /** Whether a block of this transaction has a wrong checksum: it may be left from long ago. */
  #doubtful = false;
  /** Seconds, of the last transaction. */
  #committed = 0;
  /** The transaction whose commit block has a wrong checksum. */
  #wrong: number | undefined;
  /** That it is no interrupted one. */
  #isDamaged = false;

  constructor(journal: Journal) {
    this.#journal = journal;
    this.#next = journal.head.fields.s_start;
    this.#sequence = journal.head.fields.s_sequence;
  }

  *scan(): Steps<Log> {
    const first = this.#sequence;
    while (yield* this.#step()) yield;
    const end = this.#wrong ?? this.#sequence;
    if (this.#isDamaged) throw brokenJournal(`the checksum of its transaction ${end} is wrong`);
    return { records: this.#records.filter(({ sequence }) => !isAtOrAfter(sequence, end)), first, end };
  }

  /** Passes one block, and the copies that follow it. Returns whether the log goes on. */
  *#step(): Steps<boolean> {
    const index = this.#next;
    const bytes = this.#journal.block(index);
    const { h_magic, h_blocktype, h_sequence } = decode(LOG_HEADER, viewOf(bytes), 0);
    if (h_magic !== JBD2_MAGIC_NUMBER || h_sequence !== this.#sequence) return false;
    // A log that comes by here again would never end.
    if (this.#passed >= this.#journal.end) throw brokenJournal("its log has no end");
    this.#pass(1);
    switch (h_blocktype) {
      case LOG_BLOCK_TYPE.descriptor:
        this.#note("descriptor", index, bytes);
        yield* this.#passCopies(bytes);
        return true;
      case LOG_BLOCK_TYPE.revoke:
        this.#note("revoke", index, bytes);
        return true;
      case LOG_BLOCK_TYPE.commit:
        return this.#commit(bytes);
      default:
        return false;
    }
  }

  #pass(count: number): void {
    this.#next = this.#journal.after(this.#next, count);
    this.#passed += count;
  }

  #note(type: LogRecord["type"], index: number, bytes: Uint8Array): void {
    if (!tailIsRight(this.#journal.head, bytes)) this.#doubtful = true;
    this.#records.push({ type, index, sequence: this.#sequence });
  }

  *#passCopies(descriptor: Uint8Array): Steps<void> {
    const { head } = this.#journal;
    const copies = tagsIn(head, descriptor).length;
    if (!head.features.has("checksum") || this.#doubtful || this.#wrong !== undefined) {
      this.#pass(copies);
      return;
    }
    this.#checksum = crc32Be(this.#checksum, descriptor);
    for (let copy = 0; copy < copies; copy++) {
      this.#checksum = crc32Be(this.#checksum, this.#journal.block(this.#next));
      this.#pass(1);
      yield;
    }
  }

  /**
   * A wrong checksum is damage if the block is younger than the last transaction, else the block is left from an
   * earlier use of the log. With async_commit a commit block may be there before all that it is for; it was
   * interrupted if no transaction comes after it.
   */
  #commit(bytes: Uint8Array): boolean {
    const { features } = this.#journal.head;
    const { h_commit_sec } = decode(COMMIT_HEADER, viewOf(bytes), 0);
    if (this.#doubtful) {
      if (h_commit_sec < this.#committed) return false;
      throw brokenJournal(`a block of its transaction ${this.#sequence} has a wrong checksum`);
    }
    if (features.has("checksum") && this.#wrong !== undefined) {
      this.#isDamaged = true;
      return true;
    }
    if (!this.#commitIsRight(bytes)) {
      if (h_commit_sec < this.#committed) return false;
      this.#wrong = this.#sequence;
      this.#isDamaged = !features.has("async_commit");
      if (this.#isDamaged) return true;
    }
    this.#committed = h_commit_sec;
    this.#sequence = sequenceAfter(this.#sequence, 1);
    return true;
  }

  #commitIsRight(bytes: Uint8Array): boolean {
    const { head } = this.#journal;
    if (!head.features.has("checksum")) return commitIsRight(head, bytes);
    const { h_chksum_type, h_chksum_size, h_chksum } = decode(COMMIT_HEADER, viewOf(bytes), 0);
    const isThere = h_chksum_type === JBD2_CRC32_CHKSUM && h_chksum_size === JBD2_CRC32_CHKSUM_SIZE;
    const isNone = h_chksum_type === 0 && h_chksum_size === 0 && h_chksum === 0;
    const isRight = (isThere && h_chksum === this.#checksum) || isNone;
    if (isRight) this.#checksum = START;
    return isRight;
  }
}
