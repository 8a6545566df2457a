/** The features of a filesystem by name, and which of them the reader understands. */
import { Docker2vmError } from "../../../errors.ts";
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
  const known: readonly string[] = Object.keys(INCOMPAT_NAMES);
  const unknown = namesOf(incompat, INCOMPAT_NAMES, "incompat").filter(
    (name) => NOT_UNDERSTOOD.has(name) || !known.includes(name),
  );
  if (unknown.length === 0) return;
  const features = unknown.length === 1 ? "the feature" : "the features";
  throw unsupported(`the filesystem has ${features} ${unknown.join(", ")}, which this program cannot read`);
}

/** An E_UNSUPPORTED for what the kernel may read. */
export function unsupported(what: string): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", what, {
    hint: "the kernel or xfs_db may read it; else use an image without it",
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
