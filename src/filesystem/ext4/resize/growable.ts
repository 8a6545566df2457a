/** Which filesystems are grown, and which are refused, by what they say of themselves. */
import { Docker2vmError } from "../../../errors.ts";
import { EXT4_DYNAMIC_REV, EXT4_ERROR_FS, EXT4_VALID_FS } from "../format/superblock.ts";
import { broken } from "../read/broken.ts";
import { type FeatureName, isFeatureName } from "../read/features.ts";
import type { Superblock } from "../read/superblock.ts";

const BY_RESIZE2FS = "resize2fs may grow it";
const BY_CHECKER = "'e2fsck -f' on it sets that right; so does booting it, and shutting it down";

/** Features with which a filesystem is not grown, why, and what to do. */
const REFUSED: Partial<Readonly<Record<FeatureName, { readonly why: string; readonly hint: string }>>> = {
  mmp: { why: "other hosts may have it in use", hint: BY_RESIZE2FS },
  lazy_bg: { why: "its groups are not all there", hint: BY_RESIZE2FS },
  exclude_bitmap: { why: "its groups have bitmaps for snapshots", hint: BY_RESIZE2FS },
  has_snapshot: { why: "its snapshots are of one size with it", hint: BY_RESIZE2FS },
  replica: { why: "it is the copy of another one", hint: BY_RESIZE2FS },
  shared_blocks: {
    why: "its files share blocks, so nothing may be written to it",
    hint: "'docker2vm convert image:FILE --size SIZE' makes one anew that can be written to",
  },
  "read-only": {
    why: "it is never written to, so there is nothing that room would be for",
    hint: "'docker2vm convert image:FILE --size SIZE' makes one anew that can be written to",
  },
};

/**
 * Throws E_NEEDS_RECOVERY where changes are not in place yet, E_INVALID_FILESYSTEM where the filesystem itself says that
 * it wants to be checked, and E_UNSUPPORTED, by name, for what is not grown here.
 */
export function refuseUngrowable({ features, fields }: Superblock): void {
  if (features.has("needs_recovery") || features.has("orphan_present")) {
    const what = features.has("needs_recovery")
      ? "its journal holds changes that are not in place yet"
      : "files that were removed while they were open are still to be cleaned up";
    throw new Docker2vmError("E_NEEDS_RECOVERY", what, { hint: BY_CHECKER });
  }
  if ((fields.s_state & EXT4_VALID_FS) === 0 || (fields.s_state & EXT4_ERROR_FS) !== 0) {
    throw new Docker2vmError(
      "E_INVALID_FILESYSTEM",
      "superblock: it says that the filesystem was not unmounted, or has faults",
      { hint: BY_CHECKER },
    );
  }
  // They would be taken for the table's, and nothing says that they are not somebody's.
  if (fields.s_reserved_gdt_blocks > 0 && !features.has("resize_inode")) {
    throw broken("superblock", "blocks are reserved for descriptors, though the feature resize_inode is off");
  }
  if (fields.s_rev_level < EXT4_DYNAMIC_REV) {
    throw unsupported("it is of revision 0, which has no features", BY_RESIZE2FS);
  }
  for (const name of features) {
    // A bit without a name may mean that a group holds what is not known here.
    if (!isFeatureName(name)) throw unsupported(`it has the unknown feature ${String(name)}`, BY_RESIZE2FS);
    const refused = REFUSED[name];
    if (refused !== undefined) throw unsupported(`it has the feature ${name}: ${refused.why}`, refused.hint);
  }
}

/** An E_UNSUPPORTED: why this filesystem is not grown. */
export function unsupported(why: string, hint: string = BY_RESIZE2FS): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", `this filesystem is not grown here: ${why}`, { hint });
}
