/** The hashes that let the kernel find a block of attributes to share (fs/ext4/xattr.c). */
import { viewOf } from "../../../blocks/field.ts";
import { EXT4_XATTR_ROUND } from "./xattr.ts";

/**
 * e_hash of an attribute: ext4_xattr_hash_entry, with unsigned characters as kernels from 6.2 on write it. Older ones
 * on x86 took them signed; whoever checks the hash takes either.
 * @param name what follows the prefix
 */
export function entryHash(name: string, value: Uint8Array): number {
  let hash = nameHash(name);
  const padded = new Uint8Array(Math.ceil(value.length / EXT4_XATTR_ROUND) * EXT4_XATTR_ROUND);
  padded.set(value);
  const view = viewOf(padded);
  for (let at = 0; at < padded.length; at += 4) hash = rotate(hash, 16) ^ view.getUint32(at, true);
  return hash >>> 0;
}

/** e_hash of an attribute whose value has an inode of its own: what is hashed is the value's hash. */
export function entryHashOfValueInode(name: string, valueHash: number): number {
  return (rotate(nameHash(name), 16) ^ valueHash) >>> 0;
}

function nameHash(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = rotate(hash, 5) ^ name.charCodeAt(i);
  return hash;
}

/** h_hash of a block whose entries have these hashes: ext4_xattr_rehash. 0 means that it is not to be shared. */
export function blockHash(entryHashes: readonly number[]): number {
  let hash = 0;
  for (const entry of entryHashes) {
    if (entry === 0) return 0;
    hash = rotate(hash, 16) ^ entry;
  }
  return hash >>> 0;
}

function rotate(hash: number, bits: number): number {
  return (hash << bits) | (hash >>> (32 - bits));
}
