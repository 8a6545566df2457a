import type { PackageChange, PackageFacts } from "./report.ts";

/** Those of one name by their architectures: dpkg has libc6 of amd64 and of i386 at once. */
type Packages = ReadonlyMap<string | null, PackageFacts>;
type Pair = readonly [before: PackageFacts | undefined, after: PackageFacts | undefined];

const NONE: Packages = new Map();

/** Packages that came, went or have another version or architecture, by name. */
export function packageChanges(
  before: readonly PackageFacts[],
  after: readonly PackageFacts[],
): PackageChange[] {
  const [old, now] = [byName(before), byName(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .flatMap((key) => pairsOf(old.get(key) ?? NONE, now.get(key) ?? NONE).flatMap(changeOf));
}

function changeOf([one, other]: Pair): PackageChange[] {
  const known = other ?? one;
  if (known === undefined) return [];
  const { name, architecture, manager } = known;
  const isMoved = one !== undefined && one.architecture !== architecture;
  if (!isMoved && one?.version === other?.version) return [];
  return [
    {
      name,
      architecture,
      ...(isMoved ? { architectureBefore: one.architecture } : {}),
      manager,
      before: one?.version ?? null,
      after: other?.version ?? null,
    },
  ];
}

function byName(packages: readonly PackageFacts[]): ReadonlyMap<string, Packages> {
  const named = new Map<string, Map<string | null, PackageFacts>>();
  for (const each of packages) {
    const key = `${each.manager} ${each.name}`;
    const known = named.get(key);
    if (known === undefined) named.set(key, new Map([[each.architecture, each]]));
    else known.set(each.architecture, each);
  }
  return named;
}

/**
 * What belongs together of one name: the same architecture; and where one alone is left on either side, these two: the
 * image may be another platform's, or the package no longer be one architecture's own.
 */
function pairsOf(before: Packages, after: Packages): readonly Pair[] {
  const gone = [...before.values()].filter(({ architecture }) => !after.has(architecture));
  const come = [...after.values()].filter(({ architecture }) => !before.has(architecture));
  const both = [...before].flatMap(([architecture, one]): Pair[] => {
    const other = after.get(architecture);
    return other === undefined ? [] : [[one, other]];
  });
  if (gone.length === 1 && come.length === 1) return [...both, [gone[0], come[0]]];
  return [
    ...both,
    ...gone.map((one): Pair => [one, undefined]),
    ...come.map((other): Pair => [undefined, other]),
  ];
}
