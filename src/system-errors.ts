/** What errors of the operating system mean to a user: one table of what is said, and of what can be done. */
import { Docker2vmError, reasonOf, systemErrorCode } from "./errors.ts";

interface Meaning {
  /** Why nothing more can be written there, as a clause. */
  readonly noRoom?: string;
  /** Why a file that was named cannot be read, as a clause. */
  readonly unreadable?: string;
  /** Why one file among many cannot be made, as a clause: the others may be. */
  readonly unmakeable?: string;
  /** What to do about it, or what it comes from, where something was to be read, or written. */
  readonly reading?: string;
  readonly writing?: string;
}

const ABSENT = "there is no such file";
const UNREADABLE = "this user may not read it";
const FORBIDDEN: Meaning = {
  unreadable: UNREADABLE,
  unmakeable: "the system does not permit it",
  reading: UNREADABLE,
  writing: "this user may not write there",
};
const ODD_NAME = "this system does not take its name";

const MEANINGS: Readonly<Record<string, Meaning>> = {
  EACCES: FORBIDDEN,
  EDQUOT: { noRoom: "the disk quota is used up", writing: "remove something of yours" },
  EEXIST: {
    unmakeable: "something of that name is already there",
    writing: "something on the way there is a file, or a link to nothing",
  },
  EFBIG: {
    noRoom: "the file is larger than the filesystem or a limit of the shell (ulimit -f) allows",
    writing: "raise the limit, ask for a smaller --size",
  },
  EILSEQ: { unmakeable: ODD_NAME },
  EINVAL: { unmakeable: ODD_NAME },
  EISDIR: { unreadable: "it is a folder", reading: "it is a folder: give the file that is meant" },
  ELOOP: { reading: "its symbolic links lead in a circle" },
  EMFILE: { reading: "too many files are open: raise the limit (ulimit -n)" },
  ENAMETOOLONG: { unmakeable: "its path is too long for this system" },
  ENOENT: { unreadable: ABSENT, writing: "no folder can be made there" },
  ENOSPC: { noRoom: "the disk is full", writing: "free some space" },
  ENOTDIR: { unreadable: ABSENT, writing: "something on the way there is a file" },
  EPERM: FORBIDDEN,
  EROFS: { writing: "nobody may write there" },
};

/** What the table has for the error; nothing for what is none of the system's. */
export function meaningOf(error: unknown): Meaning {
  const code = systemErrorCode(error) ?? "";
  return Object.hasOwn(MEANINGS, code) ? (MEANINGS[code] ?? {}) : {};
}

/** Why a file that the user named for a setting (a key, certificates, credentials) cannot be read, as a clause. */
export function whyUnreadable(error: unknown): string {
  return meaningOf(error).unreadable ?? `it cannot be read: ${reasonOf(error)}`;
}

/**
 * What a failed call means that was to write: E_NO_SPACE or E_IO, "doing: why". An error of the program's own goes
 * through as it is.
 */
export function writeError(error: unknown, doing: string, hint?: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const { noRoom } = meaningOf(error);
  const code = noRoom === undefined ? "E_IO" : "E_NO_SPACE";
  return new Docker2vmError(code, `${doing}: ${noRoom ?? reasonOf(error)}`, { hint, cause: error });
}
