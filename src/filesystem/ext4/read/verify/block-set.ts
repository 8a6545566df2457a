/** A set of blocks of a filesystem: a bit each, for those groups that have any. */
export class BlockSet {
  readonly #first: number;
  readonly #perGroup: number;
  readonly #groups = new Map<number, Uint8Array>();

  /** `first` is the first block of group 0. */
  constructor(first: number, perGroup: number) {
    this.#first = first;
    this.#perGroup = perGroup;
  }

  /**
   * Adds a run. Stops at the first block that is in the set already and returns it, or -1: so many runs over the same
   * blocks cost no more than one.
   */
  add(start: number, length: number): number {
    for (let block = start; block < start + length; ) {
      const index = block - this.#first;
      const group = Math.floor(index / this.#perGroup);
      const bits = this.#bitsOf(group);
      const end = Math.min(start + length, this.#first + (group + 1) * this.#perGroup);
      for (let bit = index - group * this.#perGroup; block < end; block++, bit++) {
        const mask = 1 << (bit & 7);
        const byte = bits[bit >> 3] ?? 0;
        if ((byte & mask) !== 0) return block;
        bits[bit >> 3] = byte | mask;
      }
    }
    return -1;
  }

  /** The bits of a group, in the order of a block bitmap; undefined where none is set. */
  ofGroup(group: number): Uint8Array | undefined {
    return this.#groups.get(group);
  }

  #bitsOf(group: number): Uint8Array {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const bits = new Uint8Array(Math.ceil(this.#perGroup / 8));
    this.#groups.set(group, bits);
    return bits;
  }
}
