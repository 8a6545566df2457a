/** The features of a filesystem by name, and which of them the reader understands. */
import { Docker2vmError } from "../../../errors.ts";
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
  const known: readonly string[] = Object.keys(INCOMPAT);
  const unknown = namesOf(incompat, INCOMPAT, "incompat").filter(
    (name) => NOT_UNDERSTOOD.has(name) || !known.includes(name),
  );
  if (unknown.length === 0) return;
  const features = unknown.length === 1 ? "the feature" : "the features";
  throw unsupported(`the filesystem has ${features} ${unknown.join(", ")}, which this program cannot read`);
}

/** An E_UNSUPPORTED for what other programs may read. */
export function unsupported(what: string): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", what, {
    hint: "a new enough kernel may read it, or fsck.erofs extract what is in it; else use an image without it",
  });
}

function namesOf(bits: number, table: Readonly<Record<string, number>>, word: string): string[] {
  const byBit = new Map(Object.entries(table).map(([name, bit]) => [bit, name]));
  const names: string[] = [];
  for (let position = 0; position < 32; position++) {
    const bit = 2 ** position;
    if ((bits & bit) !== 0) names.push(byBit.get(bit) ?? `${word} 0x${bit.toString(16)}`);
  }
  return names;
}
