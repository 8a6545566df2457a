import type { DirectoryHash } from "../format/dirhash.ts";

const FIRST = 0x12a3fe2d;
const SECOND = 0x37abe8f9;
const FACTOR = 7152373;

/** The hash of names that the oldest htrees are ordered by (fs/ext4/hash.c, DX_HASH_LEGACY). */
export function legacyHash(signedness: "signed" | "unsigned"): DirectoryHash {
  const signed = signedness === "signed";
  return (name) => {
    let last = FIRST;
    let beforeLast = SECOND;
    for (let i = 0; i < name.length; i++) {
      const code = name.charCodeAt(i);
      const character = signed ? (code << 24) >> 24 : code;
      let hash = (beforeLast + (last ^ Math.imul(character, FACTOR))) | 0;
      if (hash < 0) hash = (hash - 0x7fffffff) | 0;
      beforeLast = last;
      last = hash;
    }
    return (last << 1) >>> 0;
  };
}
