import { BLOCK_SIZE, type BlockSink } from "../blocks/blocks.ts";
import type { BlockHasher } from "./block-hasher.ts";
import { DIGEST_SIZE } from "./superblock.ts";

const DIGESTS_PER_BLOCK = BLOCK_SIZE / DIGEST_SIZE;

/** Blocks of each level of the tree, that above the data first: none for a single block of data. */
export function levelSizes(dataBlocks: number): number[] {
  const sizes: number[] = [];
  for (let blocks = dataBlocks; blocks > 1; blocks = sizes.at(-1) ?? 1) {
    sizes.push(Math.ceil(blocks / DIGESTS_PER_BLOCK));
  }
  return sizes;
}

/** A level that is being filled. */
interface Level {
  /** The block that is being filled. */
  readonly block: Buffer;
  /** Digests in it. */
  count: number;
  /** Where it goes. */
  position: number;
}

/**
 * Writes the tree while digests arrive: a block of each level at a time is in memory, and goes to its place when full.
 * On disk the levels follow one another from the top down.
 */
export class TreeWriter {
  readonly #sink: BlockSink;
  readonly #hasher: BlockHasher;
  readonly #levels: readonly Level[];
  #root: Uint8Array | undefined;

  /** @param position where the tree begins, in bytes */
  constructor(sink: BlockSink, hasher: BlockHasher, dataBlocks: number, position: number) {
    this.#sink = sink;
    this.#hasher = hasher;
    const sizes = levelSizes(dataBlocks);
    this.#levels = sizes.map((_, level) => {
      const above = sizes.slice(level + 1).reduce((sum, size) => sum + size, 0);
      return { block: Buffer.alloc(BLOCK_SIZE), count: 0, position: position + above * BLOCK_SIZE };
    });
  }

  /** Takes the digest of the next block of data. */
  add(digest: Uint8Array): void {
    this.#addTo(0, digest);
  }

  /** Writes what is left and returns the root hash; undefined if there was no data. */
  finish(): Uint8Array | undefined {
    for (const [index, level] of this.#levels.entries()) {
      if (level.count > 0) this.#flush(index, level);
    }
    return this.#root;
  }

  #addTo(index: number, digest: Uint8Array): void {
    const level = this.#levels[index];
    if (level === undefined) {
      this.#root = digest;
      return;
    }
    level.block.set(digest, level.count * DIGEST_SIZE);
    if (++level.count === DIGESTS_PER_BLOCK) this.#flush(index, level);
  }

  #flush(index: number, level: Level): void {
    this.#sink.write(level.position, level.block);
    this.#addTo(index + 1, this.#hasher.digest(level.block));
    level.block.fill(0);
    level.count = 0;
    level.position += BLOCK_SIZE;
  }
}
