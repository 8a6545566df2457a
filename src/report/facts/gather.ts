import type { Directory, RegularFile, Xattr } from "../../tree/inode.ts";
import type { Steps } from "../../waiting/steps.ts";
import { CAPABILITY_XATTR, capabilityText } from "./capabilities.ts";
import { duplicatesIn } from "./duplicates.ts";
import { type FileList, listFiles } from "./file-list.ts";
import { folderPaths } from "./folder-paths.ts";
import { installedPackages } from "./packages.ts";
import { PathRoom } from "./path-room.ts";
import type { FolderFacts, ImageReport, LargeFile, PrivilegedFile, Totals } from "./report.ts";

/** What was read of an image. */
export interface GatheredContents {
  readonly root: Directory;
  /** What tells contents apart that have the same size. */
  digestOf(file: RegularFile): Uint8Array;
  /** Bytes that are there, without holes. */
  storedOf(file: RegularFile): number;
  /** What a list of packages holds; undefined for other files. */
  textOf(file: RegularFile): string | undefined;
}

/** What a tree alone tells. */
export type TreeFacts = Pick<
  ImageReport,
  | "totals"
  | "folders"
  | "largest"
  | "duplicateBytes"
  | "duplicates"
  | "moreDuplicates"
  | "privileged"
  | "morePrivileged"
  | "packages"
  | "unreadPackages"
>;

const MOST_LARGEST = 100;
const isCapability = ({ name }: Xattr): boolean => name === CAPABILITY_XATTR;
const SETUID = 0o4000;
const SETGID = 0o2000;

export function* gatherFacts(contents: GatheredContents): Steps<{ facts: TreeFacts; list: FileList }> {
  const list = yield* listFiles(contents.root);
  const duplicates = duplicatesIn(list, contents.digestOf);
  yield;
  const { packages, unread } = installedPackages(contents.root, contents.textOf);
  const facts: TreeFacts = {
    totals: totalsOf(list, contents),
    folders: foldersOf(list),
    largest: largestOf(list, contents),
    ...duplicates,
    ...privilegedIn(list),
    packages,
    unreadPackages: unread,
  };
  return { facts, list };
}

function totalsOf(list: FileList, { storedOf }: GatheredContents): Totals {
  const count = (kinds: string): number =>
    list.names.reduce((sum, { kind }) => sum + (kinds.includes(kind) ? 1 : 0), 0);
  let [bytes, storedBytes] = [0, 0];
  list.forEachFile((_, file) => {
    bytes += file.size;
    storedBytes += storedOf(file);
  });
  return {
    bytes,
    storedBytes,
    files: count("fx"),
    directories: count("d"),
    symlinks: count("l"),
    others: count("o"),
    furtherNames: count("h"),
  };
}

function foldersOf(list: FileList): FolderFacts[] {
  const bytes = list.sums((name) => name.bytes);
  const files = list.sums(({ kind }) => (kind === "f" || kind === "x" ? 1 : 0));
  const folders: FolderFacts[] = [];
  for (const [number, path] of folderPaths(list.names, ({ kind }) => kind === "d"))
    folders.push({ path: path === "" ? "/" : path, bytes: bytes[number] ?? 0, files: files[number] ?? 0 });
  return folders;
}

function largestOf(list: FileList, { storedOf }: GatheredContents): LargeFile[] {
  // The largest first, and of as large ones those that come first: a list of all would be as long as the image's.
  const largest: (readonly [number: number, file: RegularFile])[] = [];
  let least = 0;
  list.forEachFile((number, file) => {
    if (file.size <= least) return;
    insert(largest, number, file);
    if (largest.length === MOST_LARGEST) least = largest.at(-1)?.[1].size ?? 0;
  });
  return largest.map(([number, file]) => ({
    path: list.pathOf(number),
    bytes: file.size,
    storedBytes: storedOf(file),
  }));
}

function insert(
  largest: (readonly [number: number, file: RegularFile])[],
  number: number,
  file: RegularFile,
): void {
  const place = largest.findIndex(([, { size }]) => size < file.size);
  largest.splice(place === -1 ? largest.length : place, 0, [number, file]);
  largest.length = Math.min(largest.length, MOST_LARGEST);
}

/** Setuid and setgid mean something on what is executed; a folder's setgid bit gives nobody a right. */
export function privilegedIn(
  list: FileList,
  room = new PathRoom(),
): Pick<ImageReport, "privileged" | "morePrivileged"> {
  const privileged: PrivilegedFile[] = [];
  let morePrivileged = 0;
  list.forEachFile((number, { metadata }) => {
    const { mode, uid, gid, xattrs } = metadata;
    const value = xattrs.find(isCapability)?.value;
    if ((mode & (SETUID | SETGID)) === 0 && value === undefined) return;
    const path = morePrivileged > 0 ? undefined : list.pathOf(number);
    if (path === undefined || !room.takes(path)) {
      morePrivileged++;
      return;
    }
    privileged.push({
      path,
      mode: mode.toString(8).padStart(4, "0"),
      uid,
      gid,
      setuid: (mode & SETUID) !== 0,
      setgid: (mode & SETGID) !== 0,
      capabilities: value === undefined ? null : capabilityText(value),
    });
  });
  return { privileged, morePrivileged };
}
