/** The superblock before a tree of hashes, as veritysetup writes it: struct verity_sb (cryptsetup, lib/verity/verity.c). */
import { BLOCK_SIZE } from "../blocks/blocks.ts";

/** Bytes of a sha256. */
export const DIGEST_SIZE = 32;

/** Where the fields begin; numbers are little-endian. */
const FIELDS = {
  signature: 0,
  version: 8,
  hash_type: 12,
  uuid: 16,
  algorithm: 32,
  data_block_size: 64,
  hash_block_size: 68,
  data_blocks: 72,
  salt_size: 80,
  salt: 88,
} as const;

const SIGNATURE = "verity\0\0";
const VERSION = 1;
/** The salt is hashed before the block, not after it. */
const HASH_TYPE_NORMAL = 1;
const ALGORITHM = "sha256";

/** What tells one tree from another. */
export interface VerityIdentity {
  /** 16 bytes, by which tools name the pair of data and tree. */
  readonly uuid: Uint8Array;
  /** Up to 256 bytes, hashed before every block. */
  readonly salt: Uint8Array;
}

/** How much of one tells that it is one. */
export const SUPERBLOCK_BYTES = SIGNATURE.length;

/** Whether a tree's superblock begins with these bytes. */
export function isHashTree(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, SUPERBLOCK_BYTES)).toString("latin1") === SIGNATURE;
}

/** The superblock in a block of its own. */
export function encodeSuperblock({ uuid, salt }: VerityIdentity, dataBlocks: number): Uint8Array {
  const block = Buffer.alloc(BLOCK_SIZE);
  block.write(SIGNATURE, FIELDS.signature, "latin1");
  block.writeUInt32LE(VERSION, FIELDS.version);
  block.writeUInt32LE(HASH_TYPE_NORMAL, FIELDS.hash_type);
  block.set(uuid, FIELDS.uuid);
  block.write(ALGORITHM, FIELDS.algorithm, "latin1");
  block.writeUInt32LE(BLOCK_SIZE, FIELDS.data_block_size);
  block.writeUInt32LE(BLOCK_SIZE, FIELDS.hash_block_size);
  block.writeBigUInt64LE(BigInt(dataBlocks), FIELDS.data_blocks);
  block.writeUInt16LE(salt.length, FIELDS.salt_size);
  block.set(salt, FIELDS.salt);
  return block;
}
