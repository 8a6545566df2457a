import { randomInt } from "node:crypto";

/** Up to so many names are looked through one by one. */
const FEW = 8;
/** Places in the table for each name that comes, at least. */
const SPARENESS = 2;
/** Nobody can choose names for an image that meet in the table of whoever converts it. */
const SEED = randomInt(2 ** 31);
/** FNV's prime of 32 bits. */
const PRIME = 0x01000193;
const scratch = Buffer.alloc(256);

/**
 * Names and what they stand for, in the order in which they came: what a Map does, as far as directories need it, in a
 * quarter of its memory. An image has a million names in directories of a few dozen each, and a Map of so many takes
 * 190 bytes for each.
 *
 * While it is iterated, names may go and get other values, but no new ones may come.
 */
export class Names<Value> implements Iterable<[string, Value]> {
  /** Undefined where a name has gone; as in `#values`. */
  #names: (string | undefined)[] = [];
  #values: (Value | undefined)[] = [];
  #size = 0;
  /** Places in `#names`, counted from 1, each at its name's hash or behind it; undefined while there are few names. */
  #table: Int32Array | undefined;

  get size(): number {
    return this.#size;
  }

  get(name: string): Value | undefined {
    return this.#values[this.#find(name)];
  }

  has(name: string): boolean {
    return this.#find(name) >= 0;
  }

  set(name: string, value: Value): this {
    const known = this.#find(name);
    if (known >= 0) {
      this.#values[known] = value;
      return this;
    }
    this.#makeRoom();
    this.#values.push(value);
    const place = this.#names.push(name);
    this.#size++;
    if (this.#table !== undefined) enter(this.#table, name, place);
    return this;
  }

  delete(name: string): boolean {
    const known = this.#find(name);
    if (known < 0) return false;
    this.#names[known] = undefined;
    this.#values[known] = undefined;
    this.#size--;
    return true;
  }

  clear(): void {
    this.#names = [];
    this.#values = [];
    this.#size = 0;
    this.#table = undefined;
  }

  /** As they are now. */
  keys(): string[] {
    return this.#names.filter((name) => name !== undefined);
  }

  *values(): Generator<Value, undefined> {
    for (const [, value] of this) yield value;
  }

  *[Symbol.iterator](): Generator<[string, Value], undefined> {
    for (let place = 0; place < this.#names.length; place++) {
      const [name, value] = [this.#names[place], this.#values[place]];
      if (name !== undefined && value !== undefined) yield [name, value];
    }
  }

  /** The place of a name, -1 if there is none. */
  #find(name: string): number {
    const table = this.#table;
    if (table === undefined) return this.#names.indexOf(name);
    const mask = table.length - 1;
    for (let at = hashOf(name) & mask; ; at = (at + 1) & mask) {
      const place = table[at] ?? 0;
      if (place === 0) return -1;
      if (this.#names[place - 1] === name) return place - 1;
    }
  }

  /**
   * For one more name. Places that have become free are given up when the table must grow. Where names come and go, there
   * is room for some more of them then: else it could be as full again with the next.
   */
  #makeRoom(): void {
    const length = this.#names.length + 1;
    if (length <= FEW || length * SPARENESS <= (this.#table?.length ?? 0)) return;
    let least = this.#size + 1;
    if (this.#size < this.#names.length) {
      this.#names = this.#names.filter((name) => name !== undefined);
      this.#values = this.#values.filter((value) => value !== undefined);
      least += this.#size >> 2;
    }
    let room = FEW * SPARENESS;
    while (room < least * SPARENESS) room *= 2;
    const table = new Int32Array(room);
    for (const [place, name] of this.#names.entries()) enter(table, name ?? "", place + 1);
    this.#table = table;
  }
}

function enter(table: Int32Array, name: string, place: number): void {
  const mask = table.length - 1;
  let at = hashOf(name) & mask;
  while (table[at] !== 0) at = (at + 1) & mask;
  table[at] = place;
}

/** FNV-1a, its halves folded. */
function hashOf(name: string): number {
  let hash = SEED;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), PRIME);
  return hash ^ (hash >>> 16);
}

/** The name in memory of its own: what is cut out of a path keeps the whole path. One character for each byte. */
export function ownName(name: string): string {
  if (name.length > scratch.length) return name;
  scratch.write(name, "latin1");
  return scratch.toString("latin1", 0, name.length);
}
