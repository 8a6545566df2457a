/** Values of attributes in inodes of their own (ea_inode, fs/ext4/xattr.c): one for each value, whoever has it. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { crc } from "../format/checksum.ts";

export interface ValueInode {
  readonly value: Uint8Array;
  /** ext4_xattr_inode_hash: the value's checksum with the filesystem's seed. */
  readonly hash: number;
  /** Entries that point to it. */
  references: number;
}

/** Gathers values; equal ones once. */
export class ValueInodes {
  readonly inodes: ValueInode[] = [];
  readonly #seed: number;
  readonly #known = new Map<string, number>();

  /** @param seed the filesystem's seed of checksums */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Index of the value's inode. */
  indexOf(value: Uint8Array): number {
    const key = Buffer.from(value).toString("latin1");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.inodes.length);
    return this.inodes.push({ value, hash: crc(this.#seed, value), references: 0 }) - 1;
  }

  /** Blocks that the value of that index fills. */
  blocksOf(index: number): number {
    return Math.ceil((this.inodes[index]?.value.length ?? 0) / BLOCK_SIZE);
  }
}
