/** Versions of the runtime specification: Semantic Versioning 2.0.0. */

/** Major, minor, patch. What is in front of a release counts as that release. */
export type Version = readonly [major: number, minor: number, patch: number];

const IDENTIFIERS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const NUMBER = "(0|[1-9]\\d*)";
const SEMVER = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?$`);

/** Undefined for what is none. */
export function parseVersion(text: unknown): Version | undefined {
  const [, major, minor, patch] = (typeof text === "string" && SEMVER.exec(text)) || [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

export function isOlder(a: Version, b: Version): boolean {
  const differing = a.findIndex((number, at) => number !== b[at]);
  return differing >= 0 && (a[differing] ?? 0) < (b[differing] ?? 0);
}
