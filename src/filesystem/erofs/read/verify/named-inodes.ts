/** Inodes that directories have names for, by number and in the order in which they were met: some 20 bytes of each. */

import type { Steps } from "../../../../waiting/steps.ts";
import type { FileType } from "../../../reading/filesystem.ts";
import { FILE_TYPE } from "../../format/directory.ts";

const TYPES = new Map(Object.entries(FILE_TYPE).map(([type, code]) => [code as number, type as FileType]));
/** What a table has room for at first: a power of two, as all its sizes are. */
const FIRST_ROOM = 2 ** 10;
/** Inodes that are gone through without a pause. */
const PART = 2 ** 12;

export class NamedInodes {
  count = 0;
  #numbers = new Float64Array(FIRST_ROOM);
  #types = new Uint8Array(FIRST_ROOM);
  /** What each says, and what there is. */
  #links = new Uint32Array(FIRST_ROOM);
  #names = new Uint32Array(FIRST_ROOM);
  /** Open addressing: at a number's hash, or behind it, its place in the others plus 1; 0 for none. */
  #places = new Uint32Array(2 * FIRST_ROOM);
  /** What halves of a number are multiplied by: nobody can make an image whose numbers all hash to the same. */
  readonly #low = randomOdd();
  readonly #high = randomOdd();

  /** Adds an inode that is not there yet. */
  add(number: number, type: FileType, links: number, names: number): void {
    if (this.count === this.#numbers.length) this.#grow();
    const place = this.count++;
    this.#numbers[place] = number;
    this.#types[place] = FILE_TYPE[type];
    this.#links[place] = links;
    this.#names[place] = names;
    this.#places[this.#slotOf(number)] = place + 1;
  }

  /** The place of an inode, by which to ask of it; -1 if it is not there. */
  find(number: number): number {
    return (this.#places[this.#slotOf(number)] ?? 0) - 1;
  }

  typeAt(place: number): FileType | undefined {
    return TYPES.get(this.#types[place] ?? 0);
  }

  countName(place: number): void {
    this.#names[place] = (this.#names[place] ?? 0) + 1;
  }

  /** Calls `use` for each. */
  *each(use: (number: number, links: number, names: number) => void): Steps<void> {
    for (let place = 0; place < this.count; place++) {
      if (place % PART === 0) yield;
      use(this.#numbers[place] ?? 0, this.#links[place] ?? 0, this.#names[place] ?? 0);
    }
  }

  /** Where the number is in the table, or is to be. */
  #slotOf(number: number): number {
    const places = this.#places;
    const mask = places.length - 1;
    const mixed = Math.imul(number | 0, this.#low) + Math.imul((number / 2 ** 32) | 0, this.#high);
    // The upper bits, which all below them have a part in.
    let slot = (mixed >>> Math.clz32(mask)) & mask;
    for (;;) {
      const place = places[slot] ?? 0;
      if (place === 0 || this.#numbers[place - 1] === number) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const room = 2 * this.#numbers.length;
    this.#numbers = grown(this.#numbers, new Float64Array(room));
    this.#types = grown(this.#types, new Uint8Array(room));
    this.#links = grown(this.#links, new Uint32Array(room));
    this.#names = grown(this.#names, new Uint32Array(room));
    this.#places = new Uint32Array(2 * room);
    for (let place = 0; place < this.count; place++) {
      this.#places[this.#slotOf(this.#numbers[place] ?? 0)] = place + 1;
    }
  }
}

function randomOdd(): number {
  return Math.floor(Math.random() * 2 ** 32) | 1;
}

function grown<Numbers extends Float64Array | Uint32Array | Uint8Array>(
  old: Numbers,
  room: Numbers,
): Numbers {
  room.set(old);
  return room;
}
