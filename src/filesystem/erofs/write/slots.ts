/**
 * Inodes that are written while contents stream: a file's last bytes come behind its inode, and neither waits in memory
 * for the others. What a file remembers is the slot's number in blocks that are counted as they are begun; where these
 * lie is known once they are full.
 */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import type { WrittenBlocks } from "../../../blocks/content-space.ts";
import { viewOf } from "../../../blocks/field.ts";
import { assert } from "../../../errors.ts";
import { SLOT_SIZE } from "../format/inode.ts";

export const SLOTS_PER_BLOCK = BLOCK_SIZE / SLOT_SIZE;

/** Blocks with slots, by their numbers. */
export interface SlotTable {
  /** Where each lies in the image. */
  readonly places: readonly number[];
  /** Bytes that were put into each. */
  readonly used: readonly number[];
}

/** What became of the blocks while contents arrived, and what of them has slots in it. */
export interface Contents extends WrittenBlocks {
  readonly slots: SlotTable;
}

/** All blocks with slots of an image. */
export class SlotBlocks implements SlotTable {
  readonly places: number[] = [];
  readonly used: number[] = [];

  /** Begins a block and returns its number. */
  begin(): number {
    this.places.push(-1);
    return this.used.push(0) - 1;
  }
}

/** Blocks that one stream fills at a time: with so many, 2 or 3 % of each stay empty. */
const OPEN_BLOCKS = 256;

/** A block in memory. */
export interface OpenBlock {
  number: number;
  readonly bytes: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  /** Slots that are taken, from the first on. */
  taken: number;
}

/** Room in a block, zeros from byte `at` on. */
export interface SlotRoom {
  readonly slot: number;
  readonly block: OpenBlock;
  readonly at: number;
}

/** The blocks that one stream fills: each slot goes where it fits best. */
export class OpenSlots {
  readonly #blocks: SlotBlocks;
  /** By the slots that are free. */
  readonly #open: OpenBlock[][] = Array.from({ length: SLOTS_PER_BLOCK }, () => []);
  /** A bit for each number of free slots that a block has. */
  readonly #known = new Int32Array(SLOTS_PER_BLOCK / 32);
  #count = 0;
  readonly #memory: OpenBlock[] = [];

  constructor(blocks: SlotBlocks) {
    this.#blocks = blocks;
  }

  /** Whether there is room for so many bytes without giving a block away. */
  hasRoom(size: number): boolean {
    return this.#count < OPEN_BLOCKS || this.#leastFree(slotsFor(size)) !== undefined;
  }

  /** Takes a slot for so many bytes, at most a block's. */
  take(size: number): SlotRoom {
    const slots = slotsFor(size);
    const block = this.#bestFit(slots) ?? this.#begin();
    const room = { slot: block.number * SLOTS_PER_BLOCK + block.taken, block, at: block.taken * SLOT_SIZE };
    block.taken += slots;
    this.#blocks.used[block.number] = (this.#blocks.used[block.number] ?? 0) + size;
    const free = SLOTS_PER_BLOCK - block.taken;
    this.#open[free]?.push(block);
    this.#setKnown(free, true);
    return room;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Gives the fullest block away, the oldest of several; there must be one. */
  takeFullest(): OpenBlock {
    const free = this.#leastFree(0) ?? 0;
    const blocks = this.#open[free];
    const block = blocks?.shift();
    assert(block !== undefined, "no block has slots");
    if (blocks?.length === 0) this.#setKnown(free, false);
    this.#count--;
    return block;
  }

  /** Tells where a block that was given away lies, and has its memory back. */
  placed(block: OpenBlock, place: number): void {
    this.#blocks.places[block.number] = place;
    this.#memory.push(block);
  }

  #begin(): OpenBlock {
    assert(this.#count < OPEN_BLOCKS, "too many blocks are open");
    this.#count++;
    const number = this.#blocks.begin();
    const used = this.#memory.pop();
    if (used === undefined) {
      const bytes = new Uint8Array(BLOCK_SIZE);
      return { number, bytes, view: viewOf(bytes), taken: 0 };
    }
    used.bytes.fill(0, 0, used.taken * SLOT_SIZE);
    used.number = number;
    used.taken = 0;
    return used;
  }

  /** Takes the newest of the blocks that so many slots fit best; undefined if there is none. */
  #bestFit(slots: number): OpenBlock | undefined {
    const free = this.#leastFree(slots);
    const blocks = free === undefined ? undefined : this.#open[free];
    const block = blocks?.pop();
    if (free !== undefined && blocks?.length === 0) this.#setKnown(free, false);
    return block;
  }

  /** The fewest free slots, but at least `least`, that any block has; undefined if none has so many. */
  #leastFree(least: number): number | undefined {
    let mask = -1 << (least & 31);
    for (let word = least >> 5; word < this.#known.length; word++) {
      const bits = (this.#known[word] ?? 0) & mask;
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
      mask = -1;
    }
    return undefined;
  }

  #setKnown(free: number, known: boolean): void {
    const word = free >> 5;
    const others = (this.#known[word] ?? 0) & ~(1 << (free & 31));
    this.#known[word] = known ? others | (1 << (free & 31)) : others;
  }
}

function slotsFor(size: number): number {
  return Math.ceil(size / SLOT_SIZE);
}
