import { Docker2vmError, lackOfRoom, reasonOf, systemErrorCode } from "../errors.ts";

const ELSEWHERE = "or put the output elsewhere with --out";
const NOT_ALLOWED = "this user may not write there: choose another --out";
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: `free some space, ${ELSEWHERE}`,
  EDQUOT: `remove something of yours, ${ELSEWHERE}`,
  EFBIG: `raise the limit, ask for a smaller --size, ${ELSEWHERE}`,
  EACCES: NOT_ALLOWED,
  EPERM: NOT_ALLOWED,
  EROFS: "nobody may write there: choose another --out",
  ENOTDIR: "something on the way there is a file: choose another --out",
  EEXIST: "something on the way there is a file, or a link to nothing: choose another --out",
  ENOENT: "no folder can be made there: choose another --out",
};

/** What a failed call of the operating system on the output side means to the user: E_NO_SPACE or E_IO. */
export function outputError(error: unknown, doing: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const noRoom = lackOfRoom(error);
  return new Docker2vmError(
    noRoom === undefined ? "E_IO" : "E_NO_SPACE",
    `${doing}: ${noRoom ?? reasonOf(error)}`,
    { hint: HINTS[systemErrorCode(error) ?? ""], cause: error },
  );
}
