/** The features of a filesystem by name, and which of them the reader understands. */

import { Docker2vmError } from "../../../errors.ts";
import { namesOf, refusalOf } from "../../reading/feature-bits.ts";
import { COMPAT, INCOMPAT } from "../format/features.ts";

export type FeatureName = keyof typeof COMPAT | keyof typeof INCOMPAT;

const NOT_UNDERSTOOD: ReadonlySet<string> = new Set<FeatureName>(["48bit", "metabox"]);

/** Names of all features that are on; a bit without a name as "compat 0x20" or "incompat 0x200". */
export function featureNames({
  compat,
  incompat,
}: Readonly<Record<"compat" | "incompat", number>>): string[] {
  return [...namesOf(compat, COMPAT, "compat"), ...namesOf(incompat, INCOMPAT, "incompat")];
}

/** Throws E_UNSUPPORTED, by name, if a feature is on without which contents cannot be understood. */
export function refuseUnknownFeatures(incompat: number): void {
  const refusal = refusalOf(incompat, INCOMPAT, NOT_UNDERSTOOD);
  if (refusal !== undefined) throw unsupported(refusal);
}

/** An E_UNSUPPORTED for what other programs may read. */
export function unsupported(what: string): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", what, {
    hint: "a new enough kernel may read it, or fsck.erofs extract what is in it; else use an image without it",
  });
}
