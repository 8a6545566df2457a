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
    ...without(withoutOwner, rootless ? "belong to you, not to their owners" : "are without their owners"),
    ...without(withoutSetuid, "are without their setuid or setgid bits"),
    ...without(withoutXattrs, "are without their extended attributes, such as capabilities"),
    ...without(withoutExactTimes, "are without the last digits of their times"),
  ];
}

function leftOutWarning({ path, why }: LeftOut): string {
  return `left out: ${displayPath(path)}: ${why}`;
}

function without(count: number, what: string): readonly string[] {
  return count === 0 ? [] : [`${count} files ${what}`];
}
