/** Where inodes go: as many as fit into a block, best fit first. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { SLOT_SIZE } from "../format/inode.ts";

/** A byte of one of the runs that are still to be placed. */
export interface Slot {
  readonly run: number;
  readonly offset: number;
}

const SLOTS_PER_BLOCK = BLOCK_SIZE / SLOT_SIZE;

/** Blocks with room, by the slots that are free at their end. */
export class Packer {
  readonly #open: Slot[][] = Array.from({ length: SLOTS_PER_BLOCK + 1 }, () => []);
  readonly #newRun: (blocks: number) => number;

  /** @param newRun a further run of so many blocks, by its index */
  constructor(newRun: (blocks: number) => number) {
    this.#newRun = newRun;
  }

  /** Offers what is left of a block from byte `offset` of the run on. */
  offer(run: number, offset: number): void {
    const start = Math.ceil(offset / SLOT_SIZE) * SLOT_SIZE;
    const rest = start % BLOCK_SIZE;
    if (rest === 0 && start > 0 && offset > 0) return;
    this.#open[(BLOCK_SIZE - rest) / SLOT_SIZE]?.push({ run, offset: start });
  }

  /** A slot for so many bytes: in one block if that is large enough, else in blocks of their own. */
  add(size: number): Slot {
    if (size > BLOCK_SIZE) return this.#addLarge(size);
    const slot = this.#takeOpen(Math.ceil(size / SLOT_SIZE)) ?? { run: this.#newRun(1), offset: 0 };
    this.offer(slot.run, slot.offset + size);
    return slot;
  }

  #takeOpen(least: number): Slot | undefined {
    for (let slots = least; slots < this.#open.length; slots++) {
      const slot = this.#open[slots]?.pop();
      if (slot !== undefined) return slot;
    }
    return undefined;
  }

  #addLarge(size: number): Slot {
    const run = this.#newRun(Math.ceil(size / BLOCK_SIZE));
    this.offer(run, size);
    return { run, offset: 0 };
  }
}
