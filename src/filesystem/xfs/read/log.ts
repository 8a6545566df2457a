/** Whether the log holds changes that are not in place yet. */

import { decode, viewOf } from "../../../blocks/field.ts";
import { LOG_RECORD, LOG_UNMOUNT, XLOG_HEADER_MAGIC_NUM, XLOG_UNMOUNT_TRANS } from "../format/log.ts";
import type { Volume } from "./volume.ts";

/** "needs recovery": changes in it are not in place yet; "elsewhere": it is on another device. */
export type LogState = "clean" | "needs recovery" | "elsewhere";

/** The log is written in these, whatever the device's sectors. */
const BASIC_BLOCK = 512;
/** Bytes of a record that one block of header describes (XLOG_HEADER_CYCLE_SIZE). */
const BYTES_PER_HEADER = 32768;
/** No record is longer, its headers included (XLOG_MAX_RECORD_BSIZE). */
const LONGEST_RECORD = 2 ** 18 / BASIC_BLOCK + 8;

/**
 * Clean is a log of nothing but zeros, and one whose last record is what an unmount writes (xlog_find_tail,
 * xlog_check_unmount_rec).
 */
export function logState(volume: Volume): LogState {
  const { sb_logstart, sb_logblocks } = volume.superblock.fields;
  if (sb_logstart === 0) return "elsewhere";
  const log = new Log(volume, volume.position(sb_logstart, sb_logblocks, "log"), sb_logblocks);
  return log.isClean() ? "clean" : "needs recovery";
}

class Log {
  readonly #volume: Volume;
  readonly #start: number;
  /** Basic blocks. */
  readonly #length: number;

  constructor(volume: Volume, start: number, blocks: number) {
    this.#volume = volume;
    this.#start = start;
    this.#length = (blocks * volume.blockSize) / BASIC_BLOCK;
  }

  isClean(): boolean {
    if (this.#length === 0) return false;
    const first = this.#cycle(0);
    if (first === 0) return true;
    const last = this.#cycle(this.#length - 1);
    // All blocks of the same round: the next one begins where the log does.
    const head = first === last ? this.#length : this.#firstUnlike(first);
    return this.#endsWithUnmount(head);
  }

  /** Cycles only go down once, where the round ends that is being written. */
  #firstUnlike(cycle: number): number {
    let [low, high] = [0, this.#length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#cycle(middle) === cycle) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Whether the record that ends at `head` is of an unmount. */
  #endsWithUnmount(head: number): boolean {
    for (let at = head - 1; at >= Math.max(0, head - LONGEST_RECORD); at--) {
      const block = this.#block(at);
      if (LOG_RECORD.h_magicno.get(viewOf(block), 0) !== XLOG_HEADER_MAGIC_NUM) continue;
      const { h_len, h_size, h_num_logops } = decode(LOG_RECORD, viewOf(block), 0);
      const headers = Math.max(1, Math.ceil(h_size / BYTES_PER_HEADER));
      if (at + headers + Math.ceil(h_len / BASIC_BLOCK) !== head || h_num_logops !== 1) return false;
      const flags = LOG_UNMOUNT.oh_flags.get(viewOf(this.#block(at + headers)), 0);
      return (flags & XLOG_UNMOUNT_TRANS) !== 0;
    }
    return false;
  }

  /** In which round a block was written: its first word, but of a record's head, where that is its magic number. */
  #cycle(at: number): number {
    const view = viewOf(this.#block(at));
    const word = view.getUint32(0);
    return word === XLOG_HEADER_MAGIC_NUM ? LOG_RECORD.h_cycle.get(view, 0) : word;
  }

  #block(at: number): Uint8Array {
    const block = new Uint8Array(BASIC_BLOCK);
    block.set(this.#volume.image.read(this.#start + at * BASIC_BLOCK, BASIC_BLOCK));
    return block;
  }
}
