/** dm-verity: a tree of hashes behind the data, by whose root a guest can trust every block it reads. */

import { BLOCK_SIZE, type BlockSink } from "../blocks/blocks.ts";
import { assert, Docker2vmError } from "../errors.ts";
import { BlockHasher } from "./block-hasher.ts";
import { encodeSuperblock, type VerityIdentity } from "./superblock.ts";
import { levelSizes, TreeWriter } from "./tree-writer.ts";

export type { VerityIdentity } from "./superblock.ts";

const READ_BLOCKS = 256;
const LARGEST_SALT = 256;

/** Finished data that gets a tree of hashes behind it. */
export interface VerityTarget extends BlockSink {
  /** Reads into `bytes` from byte `position` on and returns how many there were; fewer only at the end. */
  read(position: number, bytes: Uint8Array): Promise<number>;
}

export interface VerityOptions extends VerityIdentity {
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how many bytes of data have been hashed. */
  readonly onHashed?: ((bytes: number) => void) | undefined;
}

/** What a guest needs to open it: the root hash from a source it trusts, the offset to find the tree. */
export interface VerityTree {
  /** sha256, hex. */
  readonly rootHash: string;
  /** Byte of the superblock; the tree follows in the next block. */
  readonly hashOffset: number;
  /** Bytes of superblock and tree. */
  readonly hashBytes: number;
}

/**
 * Hashes the first `dataBytes` bytes (whole blocks of 4 KiB, at least one) and writes superblock and tree behind them,
 * as `veritysetup format --hash-offset` does: sha256, blocks of 4 KiB. Memory does not grow with the data. Throws E_IO
 * if the data ends early, and the signal's reason.
 */
export async function appendVerity(
  target: VerityTarget,
  dataBytes: number,
  options: VerityOptions,
): Promise<VerityTree> {
  const dataBlocks = dataBytes / BLOCK_SIZE;
  assert(Number.isSafeInteger(dataBlocks) && dataBlocks > 0, "the data must be whole blocks");
  assert(options.uuid.length === 16, "the UUID must be 16 bytes");
  assert(options.salt.length <= LARGEST_SALT, "the salt must be at most 256 bytes");
  const hasher = new BlockHasher(options.salt);
  const tree = new TreeWriter(target, hasher, dataBlocks, dataBytes + BLOCK_SIZE);
  for await (const chunk of chunksOf(target, dataBytes, options)) {
    for (let at = 0; at < chunk.length; at += BLOCK_SIZE) {
      tree.add(hasher.digest(chunk.subarray(at, at + BLOCK_SIZE)));
    }
  }
  const root = tree.finish();
  assert(root !== undefined, "a tree without a root");
  target.write(dataBytes, encodeSuperblock(options, dataBlocks));
  return {
    rootHash: Buffer.from(root).toString("hex"),
    hashOffset: dataBytes,
    hashBytes: hashTreeBytes(dataBytes),
  };
}

/** Bytes that superblock and tree take behind so many bytes of data (whole blocks of 4 KiB). */
export function hashTreeBytes(dataBytes: number): number {
  return levelSizes(dataBytes / BLOCK_SIZE).reduce((sum, size) => sum + size, 1) * BLOCK_SIZE;
}

/** The data in chunks of whole blocks, all in one buffer. */
async function* chunksOf(
  target: VerityTarget,
  dataBytes: number,
  { signal, onHashed }: VerityOptions,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(READ_BLOCKS * BLOCK_SIZE);
  for (let position = 0; position < dataBytes; ) {
    signal?.throwIfAborted();
    const chunk = buffer.subarray(0, Math.min(buffer.length, dataBytes - position));
    const length = await target.read(position, chunk);
    if (length < chunk.length) {
      throw new Docker2vmError(
        "E_IO",
        `the image ends at byte ${position + length} of ${dataBytes}: it changed while it was hashed`,
      );
    }
    yield chunk;
    position += length;
    onHashed?.(position);
  }
}
