/**
 * What a report tells of an image, as `--format json` writes it. Sizes are bytes. Paths are absolute, UTF-8 with U+FFFD
 * for what is none.
 */

/** Bytes that regular files have, and how many files there are of each kind. */
export interface Totals {
  /** Of regular files, holes included: a file with several names counts once, where its first name is. */
  readonly bytes: number;
  /** Those of them that the source has: the others are holes. */
  readonly storedBytes: number;
  readonly files: number;
  /** The root as well. */
  readonly directories: number;
  readonly symlinks: number;
  /** Devices, pipes and sockets. */
  readonly others: number;
  /** Further names of files that were counted already. */
  readonly furtherNames: number;
}

/** A folder with all that is below it. */
export interface FolderFacts {
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
}

/** A regular file, where it is counted. */
export interface LargeFile {
  readonly path: string;
  readonly bytes: number;
  readonly storedBytes: number;
}

/** Files with the same contents that are not one file. */
export interface Duplicates {
  /** Of each. */
  readonly bytes: number;
  /** What would be spared if they were one file. */
  readonly wastedBytes: number;
  /** The first path of each, in their order, as far as those of all lists are not too long. */
  readonly paths: readonly string[];
}

/** How many files a group has: not all of them need have a path in it. */
export function filesOf({ bytes, wastedBytes }: Pick<Duplicates, "bytes" | "wastedBytes">): number {
  return 1 + wastedBytes / bytes;
}

/** A file that gives who runs it more than their own rights. */
export interface PrivilegedFile {
  readonly path: string;
  /** Octal, as "4755". */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly setuid: boolean;
  readonly setgid: boolean;
  /** As getcap(8) writes them: "cap_net_raw=ep"; null where it has none. */
  readonly capabilities: string | null;
}

/** A package that is installed. */
export interface PackageFacts {
  readonly name: string;
  readonly version: string;
  /** As its manager has it, "amd64", "x86_64", "all"; null where its list does not say. */
  readonly architecture: string | null;
  /** What it takes when it is installed, as the package itself says; null where it does not. */
  readonly bytes: number | null;
  readonly manager: "dpkg" | "apk";
}

/** What a layer brings, and what becomes of it. */
export interface LayerFacts {
  /** From 1, the base. */
  readonly number: number;
  /** Of its stored bytes, or uncompressed where nothing states that. */
  readonly digest: string;
  /** As it is stored. */
  readonly storedBytes: number;
  /** What made it, as the image's history says; null where it does not. */
  readonly createdBy: string | null;
  /** Files that it brings. */
  readonly files: number;
  readonly addedBytes: number;
  /** Of files below that it replaces or removes. */
  readonly hiddenFiles: number;
  readonly hiddenBytes: number;
  /** Of those the bytes whose contents it has again: another owner, mode or time was all that changed. */
  readonly repeatedBytes: number;
  /** Of its files what layers above replace or remove. */
  readonly wastedBytes: number;
}

/** A file that is in a layer and not in the image. */
export interface WastedFile {
  readonly path: string;
  readonly bytes: number;
  /** Number of the layer that has it. */
  readonly layer: number;
  /** Number of the one that replaces or removes it. */
  readonly hiddenBy: number;
}

/** What blocks are for. */
export const BLOCK_KINDS = ["metadata", "directories", "contents", "journal", "free"] as const;
/** What a block is for: "metadata" is all that is the filesystem's own. */
export type BlockKind = (typeof BLOCK_KINDS)[number];

/** Blocks in a row: the first, how many, and the place of their kind in `BLOCK_KINDS`. */
export type BlockRow = readonly [first: number, length: number, kind: number];

/** A finished filesystem. */
export interface FilesystemMap {
  readonly type: string;
  /** Bytes of a block. */
  readonly blockSize: number;
  readonly blocks: number;
  /** Bytes of the image that are behind the filesystem: a hash tree of dm-verity. */
  readonly behindBytes: number;
  /** Blocks of each kind. */
  readonly blocksOf: Readonly<Record<BlockKind, number>>;
  /** All blocks, ascending. */
  readonly rows: readonly BlockRow[];
}

/** Which image it is that a report tells of. */
export interface SourceFacts {
  /** As the command takes it. */
  readonly source: string;
  /** Null where only the files could tell, or there is none. */
  readonly digest: string | null;
  readonly platform: string | null;
  /** RFC 3339. */
  readonly created: string | null;
}

/** Where the bytes of an image are. */
export interface ImageReport extends SourceFacts {
  readonly schemaVersion: 1;
  readonly report: "image";
  readonly totals: Totals;
  /** From the base upwards; empty where the source has none. */
  readonly layers: readonly LayerFacts[];
  /** The largest hundred of files that layers above hide. */
  readonly wasted: readonly WastedFile[];
  /** Every folder, each before those in it; but for those whose paths are too long, alone or together. */
  readonly folders: readonly FolderFacts[];
  /** The largest hundred. */
  readonly largest: readonly LargeFile[];
  readonly duplicateBytes: number;
  /** Those that waste the most first. */
  readonly duplicates: readonly Duplicates[];
  /** Groups that are not among them, since paths would be too long together. */
  readonly moreDuplicates: number;
  readonly privileged: readonly PrivilegedFile[];
  /** Files that are not among them, for the same reason. */
  readonly morePrivileged: number;
  readonly packages: readonly PackageFacts[];
  /** Whose packages are there in a list that is not read: rpm's never is, others are not that are too long to be kept. */
  readonly unreadPackages: readonly (PackageFacts["manager"] | "rpm")[];
  /** Null where the source is no finished filesystem. */
  readonly filesystem: FilesystemMap | null;
}

/** A file, a folder with all that is below it, or a package, that is not the same in two images. */
export interface SizeChange {
  readonly path: string;
  /** Bytes; null where it is not there. */
  readonly before: number | null;
  /** The same of the other image. */
  readonly after: number | null;
}

/** A package that is not the same in two images. */
export interface PackageChange {
  readonly name: string;
  /** Where it is there in both, that of the one that is there after. */
  readonly architecture: PackageFacts["architecture"];
  /** Where it is there in both and was of another one. */
  readonly architectureBefore?: PackageFacts["architecture"];
  readonly manager: PackageFacts["manager"];
  /** Versions; null where it is not there. */
  readonly before: string | null;
  readonly after: string | null;
}

/** What two images differ by in size. */
export interface ComparisonReport {
  readonly schemaVersion: 1;
  readonly report: "comparison";
  readonly before: SourceFacts & { readonly totals: Totals };
  readonly after: SourceFacts & { readonly totals: Totals };
  /** Folders in which files are not the same, each before those in it. */
  readonly folders: readonly SizeChange[];
  /** Files that are not the same in size or contents: those that differ the most in size first. */
  readonly files: readonly SizeChange[];
  /** Files that are not among them, since their paths are too long, alone or together. */
  readonly moreFiles: number;
  readonly packages: readonly PackageChange[];
}
