/** The folder that files are extracted into. */

import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { makeFoldersSync } from "../../disk/make-folders.ts";
import { Docker2vmError, systemErrorCode } from "../../errors.ts";
import { meaningOf, writeError } from "../../system-errors.ts";
import type { Timestamp } from "../../tree/inode.ts";
import { displayPath } from "../../tree/path.ts";
import type { Steps } from "../../waiting/steps.ts";
import { atPath } from "./broken.ts";
import type { ReadableFilesystem, TypedInode } from "./filesystem.ts";
import { isPlainName } from "./plain-name.ts";
import { type Place, pathOf, type WalkedFile } from "./walk.ts";

/** A file that was not extracted. */
export interface LeftOut {
  /** Bytes, one character each. */
  readonly path: string;
  readonly why: string;
}

/** A file to be made. */
type NewFile = Omit<WalkedFile, "again">;

const SETUID_SETGID = 0o6000;
const OWNER_EXECUTES = 0o100;
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const { O_CREAT, O_EXCL, O_WRONLY, O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

interface OpenDirectory {
  readonly path: () => string;
  readonly inode: TypedInode;
}

/**
 * Makes files one by one, as a walk comes to them: each in a folder that it made before, none over anything that is
 * there.
 */
export class Destination {
  readonly #filesystem: ReadableFilesystem;
  readonly #folder: Buffer;
  /** The way down to where files are made. Directories get their metadata when nothing more is made in them. */
  readonly #open: OpenDirectory[] = [];
  /** Those that may not be gone through by then: a file in them may still get a further name. */
  readonly #closed: OpenDirectory[] = [];
  /** Where files with several names are, by number. */
  readonly #linked = new Map<number, Place>();
  readonly #leftOut: LeftOut[] = [];
  readonly #counts = {
    files: 0,
    directories: 0,
    symlinks: 0,
    links: 0,
    bytes: 0,
    withoutOwner: 0,
    withoutSetuid: 0,
    withoutXattrs: 0,
    withoutExactTimes: 0,
  };

  /** Makes the folder. Throws E_OUTPUT_EXISTS if there is one with something in it. */
  constructor(filesystem: ReadableFilesystem, folder: string) {
    this.#filesystem = filesystem;
    this.#folder = Buffer.from(folder);
    const hint = "name a folder that is empty or not there";
    try {
      makeFoldersSync(folder);
      if (readdirSync(folder).length === 0) return;
    } catch (cause) {
      if (["EEXIST", "ENOTDIR"].includes(systemErrorCode(cause) ?? "")) {
        throw new Docker2vmError("E_OUTPUT_EXISTS", `${folder} is a file, or leads through one`, {
          hint,
          cause,
        });
      }
      throw failed(folder, cause);
    }
    throw new Docker2vmError("E_OUTPUT_EXISTS", `${folder} is not empty`, { hint });
  }

  /** Takes the folder itself for a directory of the filesystem. */
  adopt(inode: TypedInode): void {
    this.#open.push({ path: () => "", inode });
  }

  /** Makes a file in a directory that is the folder itself or was made before. Returns whether it is there now. */
  *make(file: NewFile): Steps<boolean> {
    const { folder, name } = file;
    while (this.#open.length > folder.depth + 1) this.#close();
    const plain = isPlainName(name) && !leadsElsewhereOnWindows(name);
    const why = plain ? yield* this.#attempt(file) : "its name would lead elsewhere";
    if (why === undefined) return true;
    this.#leftOut.push({ path: pathOf(file), why });
    return false;
  }

  /** Gives the directories that are left their modes and times, the deepest first. */
  finish(): void {
    while (this.#open.length > 0) this.#close();
    for (const directory of this.#closed) this.#describeDirectory(directory);
  }

  report() {
    return { ...this.#counts, leftOut: this.#leftOut };
  }

  #close(): void {
    const directory = this.#open.pop();
    if (directory === undefined) return;
    if ((directory.inode.mode & OWNER_EXECUTES) === 0) this.#closed.push(directory);
    else this.#describeDirectory(directory);
  }

  #describeDirectory({ path, inode }: OpenDirectory): void {
    const fd = openSync(this.#at(path()), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      this.#describe(fd, inode);
    } finally {
      closeSync(fd);
    }
  }

  /** Why it could not be made, or undefined. */
  *#attempt(file: NewFile): Steps<string | undefined> {
    const { folder, name, inode } = file;
    const path = pathOf(file);
    try {
      const first = this.#linked.get(inode.number);
      if (first !== undefined) {
        linkSync(this.#at(pathOf(first)), this.#at(path));
        this.#counts.links++;
        return undefined;
      }
      const why = yield* this.#create(path, file);
      if (why === undefined && inode.type !== "directory" && inode.links > 1)
        this.#linked.set(inode.number, { folder, name });
      return why;
    } catch (error) {
      return reasonToLeaveOut(error, path);
    }
  }

  *#create(path: string, file: NewFile): Steps<string | undefined> {
    const { inode } = file;
    if (inode.type === "file") return yield* this.#createFile(path, inode);
    if (inode.type === "symlink") return this.#createSymlink(path, inode);
    if (inode.type !== "directory") return `a ${inode.type} node cannot be made by this program`;
    mkdirSync(this.#at(path), PRIVATE_FOLDER);
    this.#open.push({ path: () => pathOf(file), inode });
    this.#counts.directories++;
    return undefined;
  }

  /** A file that does not come to its end is taken away again. */
  *#createFile(path: string, inode: TypedInode): Steps<string | undefined> {
    if (this.#filesystem.isEncrypted(inode)) return "it is encrypted";
    const fd = openSync(this.#at(path), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, PRIVATE_FILE);
    let whole = false;
    try {
      yield* this.#copyContents(fd, inode);
      this.#describe(fd, inode);
      whole = true;
    } finally {
      closeSync(fd);
      if (!whole) unlinkSync(this.#at(path));
    }
    this.#counts.files++;
    return undefined;
  }

  /** Holes stay holes. */
  *#copyContents(fd: number, inode: TypedInode): Steps<void> {
    for (const piece of this.#filesystem.read(inode)) {
      yield;
      if (piece === undefined) continue;
      const { offset, bytes } = piece;
      for (let done = 0; done < bytes.length; )
        done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
      this.#counts.bytes += bytes.length;
    }
    ftruncateSync(fd, inode.size);
  }

  #createSymlink(path: string, inode: TypedInode): string | undefined {
    if (this.#filesystem.isEncrypted(inode)) return "it is encrypted";
    const target = Buffer.from(this.#filesystem.readlink(inode), "latin1");
    symlinkSync(target, this.#at(path));
    this.#own(() => lchownSync(this.#at(path), inode.uid, inode.gid), inode);
    lutimesSync(this.#at(path), utime(inode.atime), utime(inode.mtime));
    this.#countTimes(lstatSync(this.#at(path), { bigint: true }), inode);
    this.#countXattrs(inode);
    this.#counts.symlinks++;
    return undefined;
  }

  /** Owner, mode and times, in this order: a change of owner takes setuid away. */
  #describe(fd: number, inode: TypedInode): void {
    const owned = this.#own(() => fchownSync(fd, inode.uid, inode.gid), inode);
    const dropped = owned ? 0 : SETUID_SETGID;
    if ((inode.mode & dropped) !== 0) this.#counts.withoutSetuid++;
    fchmodSync(fd, inode.mode & ~dropped);
    futimesSync(fd, utime(inode.atime), utime(inode.mtime));
    this.#countTimes(fstatSync(fd, { bigint: true }), inode);
    this.#countXattrs(inode);
  }

  /** Whether the file has its owner now. */
  #own(change: () => void, inode: TypedInode): boolean {
    if (inode.uid === process.geteuid?.() && inode.gid === process.getegid?.()) return true;
    try {
      change();
      return true;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code !== "EPERM" && code !== "EINVAL" && code !== "ENOSYS") throw error;
      this.#counts.withoutOwner++;
      return false;
    }
  }

  /** The runtimes take times for numbers of seconds, which are exact to a microsecond at best; filesystems differ. */
  #countTimes({ atimeNs, mtimeNs }: BigIntStats, { atime, mtime }: TypedInode): void {
    if (atimeNs !== nanosecondsOf(atime) || mtimeNs !== nanosecondsOf(mtime))
      this.#counts.withoutExactTimes++;
  }

  #countXattrs(inode: TypedInode): void {
    if (this.#filesystem.xattrs(inode).length > 0) this.#counts.withoutXattrs++;
  }

  #at(path: string): Buffer {
    return path === "" ? this.#folder : Buffer.concat([this.#folder, Buffer.from(`/${path}`, "latin1")]);
  }
}

/** There, a backslash parts names, and a colon names a drive or a stream. */
function leadsElsewhereOnWindows(name: string): boolean {
  return process.platform === "win32" && /[\\:]/.test(name);
}

/** As text: a number that is negative stands for the present. */
function utime({ seconds, nanoseconds }: Timestamp): string {
  return String(seconds + nanoseconds / 1e9);
}

function nanosecondsOf({ seconds, nanoseconds }: Timestamp): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}

/** Says why a single file is left out; throws for what concerns all of them. */
function reasonToLeaveOut(error: unknown, path: string): string {
  if (error instanceof Docker2vmError) throw atPath(error, path);
  const { unmakeable } = meaningOf(error);
  if (unmakeable !== undefined) return unmakeable;
  throw failed(displayPath(path), error);
}

function failed(path: string, cause: unknown): unknown {
  return systemErrorCode(cause) === undefined ? cause : writeError(cause, `${path}: cannot be written`);
}
