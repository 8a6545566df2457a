import { BLOCK_SIZE, type Run } from "../blocks/blocks.ts";
import type { Space } from "../blocks/space.ts";
import { Docker2vmError } from "../errors.ts";

/** The space's blocks, lowest first, each handed out once at a time: what was given back goes first. */
export class BlockSupply {
  readonly #space: Space;
  /** Ascending, never touching. */
  readonly #returned: Run[] = [];
  #cursor = 0;

  constructor(space: Space) {
    this.#space = space;
  }

  /** First block past everything that is handed out. */
  get end(): number {
    return this.#cursor;
  }

  /**
   * A run of `blocks` blocks, or of fewer where no more lie in a row, but never fewer than `least`. Throws
   * E_SIZE_TOO_SMALL where the space ends.
   */
  take(blocks: number, least: number): Run {
    return (
      this.#takeReturned(blocks, Math.max(least, this.#space.leastRun)) ?? this.#takeFresh(blocks, least)
    );
  }

  /** Takes back blocks that nothing was written to. */
  giveBack(run: Run): void {
    if (run.length === 0) return;
    let at = this.#returned.findIndex(({ start }) => start > run.start);
    if (at < 0) at = this.#returned.length;
    const before = this.#returned[at - 1];
    const after = this.#returned[at];
    const first = before !== undefined && before.start + before.length === run.start ? at - 1 : at;
    const past = after !== undefined && run.start + run.length === after.start ? at + 1 : at;
    const start = first < at && before !== undefined ? before.start : run.start;
    const end = past > at && after !== undefined ? after.start + after.length : run.start + run.length;
    if (end === this.#cursor) {
      this.#returned.splice(first, past - first);
      this.#cursor = start;
    } else {
      this.#returned.splice(first, past - first, { start, length: end - start });
    }
  }

  #takeReturned(blocks: number, least: number): Run | undefined {
    const index = this.#returned.findIndex(({ length }) => length >= least);
    const run = this.#returned[index];
    if (run === undefined) return undefined;
    const length = Math.min(blocks, run.length);
    if (length === run.length) this.#returned.splice(index, 1);
    else this.#returned[index] = { start: run.start + length, length: run.length - length };
    return { start: run.start, length };
  }

  #takeFresh(blocks: number, least: number): Run {
    for (;;) {
      if (this.#cursor + least > this.#space.end) throw spaceExceeded(this.#space);
      const reserved = this.#space.reservedAfter(this.#cursor);
      const start = this.#cursor;
      const room = Math.min(reserved.start, this.#space.end) - start;
      if (room >= least) {
        const length = Math.min(blocks, room);
        this.#cursor = start + length;
        return { start, length };
      }
      this.#cursor = reserved.start + reserved.length;
      if (room > 0) this.giveBack({ start, length: room });
    }
  }
}

function spaceExceeded({ end, remedy }: Space): Docker2vmError {
  const gib = Math.floor((end * BLOCK_SIZE) / 2 ** 30);
  return new Docker2vmError(
    "E_SIZE_TOO_SMALL",
    `the layers hold more than ${gib} GiB, out of proportion to their stored size`,
    { hint: remedy },
  );
}
