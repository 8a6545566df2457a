import { sortedNames } from "../waiting/sorted.ts";
import type { Paused } from "../waiting/steps.ts";
import { FILE_FIELDS, type FileField } from "./file-fields.ts";
import type { Directory, Inode, RegularFile, Timestamp } from "./inode.ts";

/** A file of a tree. Strings are bytes, one character each. */
export interface TreeFile {
  readonly inode: Inode;
  /** The first path of a file with several, unless this is it. */
  readonly link: string | undefined;
}

/** A path that two trees have not alike: what each has there, and what of a file that both have differs. */
export interface TreeDifference {
  readonly path: string;
  readonly before: TreeFile | undefined;
  readonly after: TreeFile | undefined;
  readonly fields: readonly FileField[];
}

/** Tells whether the contents of two files are the same that have the same size. */
export type SameContents = (before: RegularFile, after: RegularFile) => boolean;

interface Pair {
  readonly path: string;
  readonly before: Directory | undefined;
  readonly after: Directory | undefined;
  readonly names: readonly string[];
  next: number;
}

/** What differs, by path, in the order of a walk by the names' bytes: each directory before what is in it. */
export function* treeDifferences(
  before: Directory,
  after: Directory,
  sameContents: SameContents,
): Paused<TreeDifference> {
  const [linksBefore, linksAfter] = [new Map<Inode, string>(), new Map<Inode, string>()];
  const top = differing(
    "/",
    { inode: before, link: undefined },
    { inode: after, link: undefined },
    sameContents,
  );
  if (top !== undefined) yield top;
  const levels: Pair[] = [yield* pairOf("/", before, after)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.names[level.next++];
    if (name === undefined) {
      levels.pop();
      continue;
    }
    const path = `${level.path}${name}`;
    const one = fileAt(level.before, name, path, linksBefore);
    const other = fileAt(level.after, name, path, linksAfter);
    yield differing(path, one, other, sameContents);
    const [lower, upper] = [directoryIn(one), directoryIn(other)];
    if (lower !== undefined || upper !== undefined) levels.push(yield* pairOf(`${path}/`, lower, upper));
  }
}

function* pairOf(
  path: string,
  before: Directory | undefined,
  after: Directory | undefined,
): Generator<undefined, Pair> {
  const names = new Set([...(before?.entries.keys() ?? []), ...(after?.entries.keys() ?? [])]);
  return { path, before, after, names: yield* sortedNames([...names]), next: 0 };
}

function fileAt(
  directory: Directory | undefined,
  name: string,
  path: string,
  links: Map<Inode, string>,
): TreeFile | undefined {
  const inode = directory?.entries.get(name);
  if (inode === undefined) return undefined;
  if (inode.type === "directory") return { inode, link: undefined };
  const link = links.get(inode);
  if (link === undefined) links.set(inode, path);
  return { inode, link };
}

function directoryIn(file: TreeFile | undefined): Directory | undefined {
  return file?.inode.type === "directory" ? file.inode : undefined;
}

function differing(
  path: string,
  before: TreeFile | undefined,
  after: TreeFile | undefined,
  sameContents: SameContents,
): TreeDifference | undefined {
  if (before === undefined || after === undefined) return { path, before, after, fields: [] };
  const fields = differingFields(before, after, sameContents);
  return fields.length === 0 ? undefined : { path, before, after, fields };
}

function differingFields(before: TreeFile, after: TreeFile, sameContents: SameContents): FileField[] {
  const [one, other] = [before.inode, after.inode];
  const [metadata, otherMetadata] = [one.metadata, other.metadata];
  const differs: Record<FileField, boolean> = {
    type: one.type !== other.type,
    mode: metadata.mode !== otherMetadata.mode,
    uid: metadata.uid !== otherMetadata.uid,
    gid: metadata.gid !== otherMetadata.gid,
    mtime: !sameTime(metadata.mtime, otherMetadata.mtime),
    size: one.type === "file" && other.type === "file" && one.size !== other.size,
    contents:
      one.type === "file" && other.type === "file" && (one.size !== other.size || !sameContents(one, other)),
    target: one.type === "symlink" && other.type === "symlink" && one.target !== other.target,
    device: "major" in one && "major" in other && (one.major !== other.major || one.minor !== other.minor),
    xattrs: xattrsText(one) !== xattrsText(other),
    link: before.link !== after.link,
  };
  return FILE_FIELDS.filter((field) => differs[field]);
}

function sameTime(one: Timestamp, other: Timestamp): boolean {
  return one.seconds === other.seconds && one.nanoseconds === other.nanoseconds;
}

/** The attributes of a file by name, each value in hexadecimal digits. */
export function xattrsOf({ metadata: { xattrs } }: Inode): readonly (readonly [name: string, hex: string])[] {
  return xattrs
    .map(({ name, value }) => [name, Buffer.from(value).toString("hex")] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function xattrsText(inode: Inode): string {
  return inode.metadata.xattrs.length === 0 ? "" : xattrsOf(inode).join("\0");
}
