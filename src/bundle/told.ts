/** What of an image could not be kept in a folder, as warnings. */
import type { Extraction, LeftOut } from "../filesystem/reading/extract.ts";
import { displayPath } from "../tree/path.ts";

/** Files that are named one by one. */
const NAMED = 10;

/** @param rootless whether it goes without saying that owners are not kept */
export function warningsOf(extraction: Extraction, rootless: boolean): readonly string[] {
  const { leftOut, withoutOwner, withoutSetuid, withoutXattrs, withoutExactTimes } = extraction;
  return [
    ...leftOut.slice(0, NAMED).map(leftOutWarning),
    ...(leftOut.length > NAMED ? [`${leftOut.length - NAMED} more files are left out`] : []),
    ...without(withoutOwner, rootless ? "owner (all are yours)" : "owner"),
    ...without(withoutSetuid, "setuid or setgid bits"),
    ...without(withoutXattrs, "extended attributes, such as capabilities"),
    ...without(withoutExactTimes, "times' last digits"),
  ];
}

function leftOutWarning({ path, why }: LeftOut): string {
  return `left out: ${displayPath(path)}: ${why}`;
}

function without(count: number, what: string): readonly string[] {
  if (count === 0) return [];
  return [count === 1 ? `1 file is without its ${what}` : `${count} files are without their ${what}`];
}
