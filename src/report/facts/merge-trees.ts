import type { Directory, Inode, RegularFile } from "../../tree/inode.ts";
import { sortedNames } from "../../waiting/sorted.ts";
import type { Steps } from "../../waiting/steps.ts";
import { asText } from "./file-list.ts";
import type { ImageReport } from "./report.ts";

/** A name that one of two trees has, or both; its number is its place. */
export interface MergedName {
  /** UTF-8, U+FFFD for what is none; empty for the root. */
  readonly name: string;
  readonly isFolder: boolean;
  /** Whether it is a regular file in either. */
  readonly isFile: boolean;
  /** Bytes of a file where it is counted, 0 for what has none; null where it is not there. */
  readonly before: number | null;
  readonly after: number | null;
  /** Whether it is no file in either, or the same contents in both. */
  readonly isSame: boolean;
  readonly parent: number;
}

/** One of two trees, and what tells its contents apart. */
export interface ComparedImage {
  readonly report: ImageReport;
  readonly root: Directory;
  digestOf(file: RegularFile): Uint8Array;
}

interface Side {
  readonly image: ComparedImage;
  readonly seen: Set<Inode>;
}

interface Pair {
  readonly before: Directory | undefined;
  readonly after: Directory | undefined;
  readonly number: number;
  readonly names: readonly string[];
  next: number;
}

/** All names of two trees: each folder before what is in it, in the order of the names' bytes. */
export function* mergeTrees(before: ComparedImage, after: ComparedImage): Steps<readonly MergedName[]> {
  const sides = {
    before: { image: before, seen: new Set<Inode>() },
    after: { image: after, seen: new Set<Inode>() },
  };
  const names: MergedName[] = [
    { name: "", isFolder: true, isFile: false, before: 0, after: 0, isSame: true, parent: 0 },
  ];
  const levels: Pair[] = [yield* pairOf(before.root, after.root, 0)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.names[level.next++];
    if (name === undefined) {
      levels.pop();
      continue;
    }
    for (const [one, other] of halves(level.before?.entries.get(name), level.after?.entries.get(name))) {
      const number = names.length;
      const [lower, upper] = [one, other].map((inode) => (inode?.type === "directory" ? inode : undefined));
      const isFolder = lower !== undefined || upper !== undefined;
      names.push({
        name: asText(name),
        isFolder,
        isFile: one?.type === "file" || other?.type === "file",
        before: bytesOf(one, sides.before),
        after: bytesOf(other, sides.after),
        isSame: isSame(one, other, sides),
        parent: level.number,
      });
      if (isFolder) levels.push(yield* pairOf(lower, upper, number));
      else if (number % 1000 === 0) yield;
    }
  }
  return names;
}

/** What two trees have under a name: as one, or where only one of them has a folder there, each by itself. */
function halves(
  one: Inode | undefined,
  other: Inode | undefined,
): (readonly [Inode | undefined, Inode | undefined])[] {
  if (one === undefined || other === undefined || (one.type === "directory") === (other.type === "directory"))
    return [[one, other]];
  // What is no folder comes first: what is in the folder follows that.
  const [before, after] = [[one, undefined] as const, [undefined, other] as const];
  return one.type === "directory" ? [after, before] : [before, after];
}

function* pairOf(
  before: Directory | undefined,
  after: Directory | undefined,
  number: number,
): Generator<undefined, Pair> {
  const names = new Set([...(before?.entries.keys() ?? []), ...(after?.entries.keys() ?? [])]);
  return { before, after, number, names: yield* sortedNames([...names]), next: 0 };
}

function bytesOf(inode: Inode | undefined, { seen }: Side): number | null {
  if (inode === undefined) return null;
  if (inode.type !== "file" || seen.has(inode)) return 0;
  seen.add(inode);
  return inode.size;
}

function isSame(
  one: Inode | undefined,
  other: Inode | undefined,
  { before, after }: { before: Side; after: Side },
): boolean {
  if (one?.type !== "file" && other?.type !== "file") return true;
  if (one?.type !== "file" || other?.type !== "file" || one.size !== other.size) return false;
  return Buffer.compare(before.image.digestOf(one), after.image.digestOf(other)) === 0;
}
