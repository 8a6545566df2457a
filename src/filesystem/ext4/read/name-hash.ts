/** Hashes of names by their version (fs/ext4/hash.c). What writes indexes only uses half MD4. */
import { type DirectoryHash, directoryHash } from "../format/dirhash.ts";
import { EXT4_FLAGS_UNSIGNED_HASH } from "../format/superblock.ts";
import { legacyHash } from "./legacy-hash.ts";
import type { SuperblockFields } from "./superblock.ts";
import { teaHash } from "./tea-hash.ts";

/** DX_HASH_*: signed forms first; each has an unsigned one, which s_flags also asks for. */
const LEGACY = 0;
const HALF_MD4 = 1;
const TEA = 2;
const UNSIGNED = 3;

/** The hash of an index, or undefined for a version that only case-insensitive directories have or that is unknown. */
export function hashOfVersion(
  { s_flags, s_hash_seed }: SuperblockFields,
  version: number,
): DirectoryHash | undefined {
  const unsigned = version >= UNSIGNED || (s_flags & EXT4_FLAGS_UNSIGNED_HASH) !== 0;
  const signedness = unsigned ? "unsigned" : "signed";
  const algorithm = version >= UNSIGNED ? version - UNSIGNED : version;
  if (algorithm === LEGACY) return legacyHash(signedness);
  if (algorithm === HALF_MD4) return directoryHash(s_hash_seed, signedness);
  if (algorithm === TEA) return teaHash(s_hash_seed, signedness);
  return undefined;
}
