/** The features of a filesystem by name, and which of them the reader understands. */
import { Docker2vmError } from "../../../errors.ts";
import { COMPAT_NAMES, INCOMPAT_NAMES, RO_COMPAT_NAMES } from "../format/feature-names.ts";

/** As mke2fs and dumpe2fs name it. */
export type FeatureName =
  | keyof typeof COMPAT_NAMES
  | keyof typeof INCOMPAT_NAMES
  | keyof typeof RO_COMPAT_NAMES;

/** The three words of feature bits of a superblock. */
export interface FeatureBits {
  readonly compat: number;
  readonly incompat: number;
  readonly roCompat: number;
}

/** Compressed contents and data in directory entries never were in a kernel; a journal alone is no filesystem. */
const NOT_UNDERSTOOD: ReadonlySet<string> = new Set<FeatureName>(["compression", "journal_dev", "dirdata"]);

/** Names of all features that are on; a bit without a name as "FEATURE_I20", the way dumpe2fs shows it. */
export function featureNames({ compat, incompat, roCompat }: FeatureBits): string[] {
  return [
    ...namesOf(compat, COMPAT_NAMES, "C"),
    ...namesOf(incompat, INCOMPAT_NAMES, "I"),
    ...namesOf(roCompat, RO_COMPAT_NAMES, "R"),
  ];
}

/** Whether the name is a feature's, and not one that `featureNames` made up for a bit that has none. */
export function isFeatureName(name: string): name is FeatureName {
  return name in COMPAT_NAMES || name in INCOMPAT_NAMES || name in RO_COMPAT_NAMES;
}

/** Throws E_UNSUPPORTED, by name, if a feature is on without which contents cannot be understood. */
export function refuseUnknownFeatures(incompat: number): void {
  const unknown = namesOf(incompat, INCOMPAT_NAMES, "I").filter(
    (name) => NOT_UNDERSTOOD.has(name) || !isFeatureName(name),
  );
  if (unknown.length === 0) return;
  const features = unknown.length === 1 ? "the feature" : "the features";
  throw new Docker2vmError(
    "E_UNSUPPORTED",
    `the filesystem has ${features} ${unknown.join(", ")}, which this program cannot read`,
    {
      hint: unknown.includes("journal_dev")
        ? "this is the external journal of a filesystem: name the filesystem's own image"
        : "the kernel or debugfs may read it; else use an image without it",
    },
  );
}

function namesOf(bits: number, table: Readonly<Record<string, number>>, letter: string): string[] {
  const byBit = new Map(Object.entries(table).map(([name, bit]) => [bit, name]));
  const names: string[] = [];
  for (let position = 0; position < 32; position++) {
    const bit = 2 ** position;
    if ((bits & bit) !== 0) names.push(byBit.get(bit) ?? `FEATURE_${letter}${position}`);
  }
  return names;
}
