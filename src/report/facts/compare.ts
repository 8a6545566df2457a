import { folderPaths, PATH_MAX } from "./folder-paths.ts";
import type { ComparedImage, MergedName } from "./merge-trees.ts";
import { packageChanges } from "./package-changes.ts";
import { PathRoom } from "./path-room.ts";
import type { ComparisonReport, ImageReport, SizeChange } from "./report.ts";

export function comparisonOf(
  before: ComparedImage,
  after: ComparedImage,
  names: readonly MergedName[],
): ComparisonReport {
  const folders = folderPaths(names, ({ isFolder }) => isFolder);
  return {
    schemaVersion: 1,
    report: "comparison",
    before: sourceOf(before.report),
    after: sourceOf(after.report),
    folders: changedFolders(names, folders),
    ...changedFiles(names),
    packages: packageChanges(before.report.packages, after.report.packages),
  };
}

/** By number; undefined for what is too deep. */
function pathsOf(names: readonly MergedName[]): readonly (string | undefined)[] {
  const paths: (string | undefined)[] = [""];
  for (const [number, { name, parent }] of names.entries()) {
    const above = paths[parent];
    if (number > 0 && above !== undefined && above.length + name.length < PATH_MAX)
      paths[number] = `${above}/${name}`;
  }
  return paths;
}

function changedFolders(names: readonly MergedName[], paths: ReadonlyMap<number, string>): SizeChange[] {
  const [before, after] = [sumsOf(names, "before"), sumsOf(names, "after")];
  const differ = sumsOf(
    names.map(({ parent, isSame }) => ({ parent, differs: isSame ? 0 : 1 })),
    "differs",
  );
  return names.flatMap((name, number) => {
    const path = paths.get(number);
    if (!name.isFolder || path === undefined || (differ[number] ?? 0) === 0) return [];
    return {
      path: path === "" ? "/" : path,
      before: name.before === null ? null : (before[number] ?? 0),
      after: name.after === null ? null : (after[number] ?? 0),
    };
  });
}

export function changedFiles(
  names: readonly MergedName[],
  room = new PathRoom(),
): Pick<ComparisonReport, "files" | "moreFiles"> {
  const paths = pathsOf(names);
  let count = 0;
  // By their places where they differ as much: to compare paths is to have the characters of all.
  const files = names
    .flatMap(({ isFolder, isSame, before, after }, number) => {
      if (isFolder || isSame) return [];
      count++;
      const path = paths[number];
      return path === undefined ? [] : [{ path, before, after }];
    })
    .sort((a, b) => differenceOf(b) - differenceOf(a))
    .filter(({ path }) => room.takes(path));
  return { files, moreFiles: count - files.length };
}

function differenceOf({ before, after }: SizeChange): number {
  return Math.abs((after ?? 0) - (before ?? 0));
}

type Summed<Key extends string> = Readonly<Record<Key, number | null>> & { readonly parent: number };

/** For each name what is in it and below. */
function sumsOf<Key extends string>(names: readonly Summed<Key>[], key: Key): Float64Array {
  const sums = new Float64Array(names.length);
  for (let number = names.length - 1; number >= 0; number--) {
    const name = names[number];
    if (name === undefined) continue;
    sums[number] = (sums[number] ?? 0) + (name[key] ?? 0);
    if (number > 0) sums[name.parent] = (sums[name.parent] ?? 0) + (sums[number] ?? 0);
  }
  return sums;
}

function sourceOf({ source, digest, platform, created, totals }: ImageReport) {
  return { source, digest, platform, created, totals };
}
