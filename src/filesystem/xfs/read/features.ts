/** The features of a filesystem by name, and which of them the reader understands. */

import { Docker2vmError } from "../../../errors.ts";
import { namesOf, refusalOf } from "../../reading/feature-bits.ts";
import { INCOMPAT_NAMES, RO_COMPAT_NAMES } from "../format/feature-names.ts";

export type FeatureName = keyof typeof RO_COMPAT_NAMES | keyof typeof INCOMPAT_NAMES;

/** needsrepair is none that would have to be understood: what is not repaired is told when the filesystem is opened. */
const NOT_UNDERSTOOD: ReadonlySet<string> = new Set<FeatureName>(["metadir", "zoned", "zone_gaps"]);

/** Names of all features that are on; a bit without a name as "ro_compat 0x10" or "incompat 0x800". */
export function featureNames({
  roCompat,
  incompat,
}: Readonly<Record<"roCompat" | "incompat", number>>): string[] {
  return [
    ...namesOf(roCompat, RO_COMPAT_NAMES, "ro_compat"),
    ...namesOf(incompat, INCOMPAT_NAMES, "incompat"),
  ];
}

/** Throws E_UNSUPPORTED, by name, if a feature is on without which contents cannot be understood. */
export function refuseUnknownFeatures(incompat: number): void {
  const refusal = refusalOf(incompat, INCOMPAT_NAMES, NOT_UNDERSTOOD);
  if (refusal !== undefined) throw unsupported(refusal);
}

/** An E_UNSUPPORTED for what the kernel may read. */
export function unsupported(what: string): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", what, {
    hint: "the kernel or xfs_db may read it; else use an image without it",
  });
}
