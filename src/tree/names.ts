import { randomInt } from "node:crypto";

/** Up to so many names are looked through one by one. */
const FEW = 8;
/** Places in the table for each name that comes, at least. */
const SPARENESS = 2;
/** Names that there is room for when the first comes, and bytes. */
const FIRST_ROOM = 4;
const FIRST_BYTES = 32;
/** How much longer a column becomes that is full. */
const GROWTH = 1.5;
/** Nobody can choose names for an image that meet in the table of whoever converts it. */
const SEED = randomInt(2 ** 31);
/** FNV's prime of 32 bits. */
const PRIME = 0x01000193;
const NO_BYTES = new Uint8Array(0);
const NO_ENDS = new Uint32Array(0);
const scratch = Buffer.alloc(256);

/**
 * Names and what they stand for, in the order in which they came: what a Map does, as far as directories need it, in a
 * fraction of its memory. An image has a million names in directories of a few dozen each, and a Map of so many takes
 * 190 bytes for each, a string 64 more. Here a name is its bytes, behind those of the names that came before.
 *
 * While it is iterated, names may go and get other values, but no new ones may come. Each name has a place, a number from
 * 0 on; places stay as they are until a name comes.
 */
export class Names<Value> implements Iterable<[string, Value]> {
  #bytes: Uint8Array = NO_BYTES;
  /** For each place the end of its name in `#bytes`; it begins where the one before ends. */
  #ends: Uint32Array = NO_ENDS;
  /** Undefined where a name has gone. */
  #values: (Value | undefined)[] = [];
  #size = 0;
  /** Places, counted from 1, each at its name's hash or behind it; undefined while there are few names. */
  #table: Int32Array | undefined;

  get size(): number {
    return this.#size;
  }

  /** How many places there are, those of names that have gone among them. */
  get places(): number {
    return this.#values.length;
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
    this.#makeRoom(name.length);
    const place = this.#values.length;
    const start = this.#start(place);
    for (let i = 0; i < name.length; i++) this.#bytes[start + i] = name.charCodeAt(i);
    this.#ends[place] = start + name.length;
    this.#values.push(value);
    this.#size++;
    if (this.#table !== undefined) enter(this.#table, hashOf(name), place + 1);
    return this;
  }

  delete(name: string): boolean {
    const known = this.#find(name);
    if (known < 0) return false;
    this.#values[known] = undefined;
    this.#size--;
    return true;
  }

  clear(): void {
    this.#bytes = NO_BYTES;
    this.#ends = NO_ENDS;
    this.#values = [];
    this.#size = 0;
    this.#table = undefined;
  }

  /** As they are now. */
  keys(): string[] {
    const names: string[] = [];
    for (let place = 0; place < this.#values.length; place++) {
      if (this.#values[place] !== undefined) names.push(this.nameAt(place));
    }
    return names;
  }

  *values(): Generator<Value, undefined> {
    for (let place = 0; place < this.#values.length; place++) {
      const value = this.#values[place];
      if (value !== undefined) yield value;
    }
  }

  *[Symbol.iterator](): Generator<[string, Value], undefined> {
    for (let place = 0; place < this.#values.length; place++) {
      const value = this.#values[place];
      if (value !== undefined) yield [this.nameAt(place), value];
    }
  }

  /** Undefined where a name has gone. */
  valueAt(place: number): Value | undefined {
    return this.#values[place];
  }

  /** One character for each byte. */
  nameAt(place: number): string {
    const length = this.lengthAt(place);
    const text = length <= scratch.length ? scratch : Buffer.alloc(length);
    this.copyAt(place, text, 0);
    return text.toString("latin1", 0, length);
  }

  /** Bytes of the name. */
  lengthAt(place: number): number {
    return (this.#ends[place] ?? 0) - this.#start(place);
  }

  /** Byte `i` of the name; undefined past its end. */
  byteAt(place: number, i: number): number | undefined {
    const at = this.#start(place) + i;
    return at < (this.#ends[place] ?? 0) ? this.#bytes[at] : undefined;
  }

  /** Writes the name's bytes to `target` from `at` on. */
  copyAt(place: number, target: Uint8Array, at: number): void {
    const start = this.#start(place);
    const end = this.#ends[place] ?? 0;
    // Short: a view of each would cost more than the loop.
    for (let i = start; i < end; i++) target[at + i - start] = this.#bytes[i] ?? 0;
  }

  /** Whether one name comes before another in byte order, of two that are the same up to byte `from`. */
  isBefore(one: number, other: number, from: number): boolean {
    const bytes = this.#bytes;
    const oneEnd = this.#ends[one] ?? 0;
    const otherEnd = this.#ends[other] ?? 0;
    let a = this.#start(one) + from;
    let b = this.#start(other) + from;
    for (; a < oneEnd && b < otherEnd; a++, b++) {
      const difference = (bytes[a] ?? 0) - (bytes[b] ?? 0);
      if (difference !== 0) return difference < 0;
    }
    return a >= oneEnd && b < otherEnd;
  }

  /** Up to which byte, `end` at most, two names are the same that are so up to byte `from`. */
  commonEnd(one: number, other: number, from: number, end: number): number {
    const bytes = this.#bytes;
    const start = this.#start(one);
    const further = this.#start(other) - start;
    const limit = Math.min(start + end, this.#ends[one] ?? 0, (this.#ends[other] ?? 0) - further);
    let at = start + from;
    while (at < limit && bytes[at] === bytes[at + further]) at++;
    return at - start;
  }

  /** The bytes from byte `from` on as digits of a number, each one more than it is: 0 is the name's end. */
  digitsAt(place: number, from: number, digits: number, radix: number): number {
    const bytes = this.#bytes;
    const end = this.#ends[place] ?? 0;
    let at = this.#start(place) + from;
    let number = 0;
    for (let left = digits; left > 0; left--, at++) {
      number = number * radix + (at < end ? (bytes[at] ?? 0) + 1 : 0);
    }
    return number;
  }

  #start(place: number): number {
    return place === 0 ? 0 : (this.#ends[place - 1] ?? 0);
  }

  /** The place of a name, -1 if there is none. */
  #find(name: string): number {
    const table = this.#table;
    if (table === undefined) {
      for (let place = 0; place < this.#values.length; place++) if (this.#isAt(place, name)) return place;
      return -1;
    }
    const mask = table.length - 1;
    for (let at = hashOf(name) & mask; ; at = (at + 1) & mask) {
      const place = (table[at] ?? 0) - 1;
      if (place < 0 || this.#isAt(place, name)) return place;
    }
  }

  /** Names of one directory that are alike mostly differ at their ends. */
  #isAt(place: number, name: string): boolean {
    const start = this.#start(place);
    if ((this.#ends[place] ?? 0) - start !== name.length || this.#values[place] === undefined) return false;
    for (let i = name.length - 1; i >= 0; i--) {
      if (this.#bytes[start + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /**
   * For one more name of so many bytes. Places that have become free are given up when the table must grow. Where names
   * come and go, there is room for some more of them then: else it could be as full again with the next.
   */
  #makeRoom(bytes: number): void {
    const places = this.#values.length + 1;
    if (places > FEW && places * SPARENESS > (this.#table?.length ?? 0)) this.#makeTable();
    const place = this.#values.length;
    const end = this.#start(place) + bytes;
    if (place >= this.#ends.length) {
      const longer = new Uint32Array(Math.max(FIRST_ROOM, Math.ceil(place * GROWTH)));
      longer.set(this.#ends);
      this.#ends = longer;
    }
    if (end > this.#bytes.length) {
      const longer = new Uint8Array(Math.max(FIRST_BYTES, end, Math.ceil(this.#bytes.length * GROWTH)));
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
  }

  #makeTable(): void {
    let least = this.#size + 1;
    if (this.#size < this.#values.length) {
      this.#closeUp();
      least += this.#size >> 2;
    }
    let room = FEW * SPARENESS;
    while (room < least * SPARENESS) room *= 2;
    const table = new Int32Array(room);
    for (let place = 0; place < this.#values.length; place++) enter(table, this.#hashAt(place), place + 1);
    this.#table = table;
  }

  /** Gives up the places of names that have gone. */
  #closeUp(): void {
    const values: Value[] = [];
    let [from, end] = [0, 0];
    for (let place = 0; place < this.#values.length; place++) {
      const value = this.#values[place];
      const to = this.#ends[place] ?? 0;
      if (value !== undefined) {
        this.#bytes.copyWithin(end, from, to);
        end += to - from;
        this.#ends[values.length] = end;
        values.push(value);
      }
      from = to;
    }
    this.#values = values;
  }

  #hashAt(place: number): number {
    let hash = SEED;
    const end = this.#ends[place] ?? 0;
    for (let i = this.#start(place); i < end; i++) hash = Math.imul(hash ^ (this.#bytes[i] ?? 0), PRIME);
    return folded(hash);
  }
}

function enter(table: Int32Array, hash: number, place: number): void {
  const mask = table.length - 1;
  let at = hash & mask;
  while (table[at] !== 0) at = (at + 1) & mask;
  table[at] = place;
}

/** FNV-1a, its halves folded. */
function hashOf(name: string): number {
  let hash = SEED;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), PRIME);
  return folded(hash);
}

function folded(hash: number): number {
  return hash ^ (hash >>> 16);
}
