import { EXT4_XATTR_ROUND } from "../../format/xattr.ts";
import { entryHash } from "../../format/xattr-hash.ts";

/** Whether e_hash is that of an attribute, as any kernel writes it. */
export function isHashOf(hash: number, name: string, value: Uint8Array): boolean {
  return hash === entryHash(name, value) || hash === signedHash(name, value);
}

/** Kernels before 6.2 took the characters of the name for signed (ext4_xattr_hash_entry_signed). */
function signedHash(name: string, value: Uint8Array): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) {
    hash = ((hash << 5) | (hash >>> 27)) ^ ((name.charCodeAt(i) << 24) >> 24);
  }
  // Each word of the value turns what came before by 16 bits and is added without carry.
  const words = Math.ceil(value.length / EXT4_XATTR_ROUND);
  const turned = words % 2 === 0 ? hash : (hash << 16) | (hash >>> 16);
  return (turned ^ entryHash("", value)) >>> 0;
}
