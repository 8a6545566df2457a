import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import type { Cluster } from "../../../blocks/space.ts";
import type { BatchMemory, Packing } from "../../kind/packing.ts";

/** LZ4 makes a byte of at most 255: of so many blocks of zeros it makes one. */
const LEAST_BATCH_BLOCKS = 252;
/** Whole clusters of what halves are then no worse than half full on average. */
const CLUSTERS_PER_BATCH = 4;

/** Blocks of contents that are compressed on their own: what comes before and after has no part in it. */
export function batchBlocks({ clusterBlocks }: Packing): number {
  return Math.max(LEAST_BATCH_BLOCKS, CLUSTERS_PER_BATCH * clusterBlocks);
}

const COUNT = 0;
const LENGTHS = 1;

/**
 * A batch: contents of one file or of several, each from a block border on, and what becomes of them. Memory that is
 * worked on by one thread after the other, and means the same to both.
 */
export class Batch {
  /** Contents: each piece begins on a block border, and zeros fill its last block. */
  readonly input: Uint8Array;
  /** Compressed clusters, one behind the other. */
  readonly output: Uint8Array;
  /** For the first block of each cluster, how many it is stored in; 0 for the others. */
  readonly heads: Uint16Array;
  /** How many pieces there are, and the bytes of each; not to be compressed if negative. */
  readonly #words: Int32Array;

  constructor(memory: BatchMemory, blocks: number) {
    const words = LENGTHS + blocks;
    this.#words = new Int32Array(memory, 0, words);
    this.heads = new Uint16Array(memory, words * Int32Array.BYTES_PER_ELEMENT, blocks);
    const bytes = blocks * BLOCK_SIZE;
    this.input = new Uint8Array(memory, memory.byteLength - 2 * bytes, bytes);
    this.output = new Uint8Array(memory, memory.byteLength - bytes, bytes);
  }

  static size(blocks: number): number {
    const head = (LENGTHS + blocks) * Int32Array.BYTES_PER_ELEMENT + blocks * Uint16Array.BYTES_PER_ELEMENT;
    return Math.ceil(head / BLOCK_SIZE) * BLOCK_SIZE + 2 * blocks * BLOCK_SIZE;
  }

  clear(): void {
    this.#words[COUNT] = 0;
  }

  add(bytes: number, isCompressed: boolean): void {
    const count = this.#words[COUNT] as number;
    this.#words[LENGTHS + count] = isCompressed ? bytes : -bytes;
    this.#words[COUNT] = count + 1;
  }

  *pieces(): Generator<{ readonly bytes: number; readonly isCompressed: boolean }> {
    const count = this.#words[COUNT] as number;
    for (let piece = 0; piece < count; piece++) {
      const bytes = this.#words[LENGTHS + piece] as number;
      yield { bytes: Math.abs(bytes), isCompressed: bytes > 0 };
    }
  }

  /** What became of a piece, from its first block on; blocks that stay as they are count as one cluster. */
  clusters(block: number, bytes: number): readonly Cluster[] {
    const end = block + Math.ceil(bytes / BLOCK_SIZE);
    const clusters: Cluster[] = [];
    for (let at = block; at < end; ) {
      const start = at;
      const stored = this.heads[at] as number;
      const isPlain = this.#isPlain(at, end);
      at++;
      while (at < end && (isPlain ? this.#isPlain(at, end) : this.heads[at] === 0)) at++;
      clusters.push({ blocks: at - start, stored: isPlain ? at - start : stored });
    }
    return clusters;
  }

  /** Whether a block is a cluster of its own. */
  #isPlain(block: number, end: number): boolean {
    return this.heads[block] === 1 && (block + 1 === end || this.heads[block + 1] !== 0);
  }
}
