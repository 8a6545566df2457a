import { Docker2vmError, systemErrorCode } from "../errors.ts";

interface Room {
  readonly reason: string;
  readonly hint: string;
}

const ELSEWHERE = "or put the output elsewhere with --out";
const NO_ROOM: Readonly<Record<string, Room>> = {
  ENOSPC: { reason: "the disk is full", hint: `free some space, ${ELSEWHERE}` },
  EDQUOT: { reason: "the disk quota is used up", hint: `remove something of yours, ${ELSEWHERE}` },
  EFBIG: {
    reason: "the file is larger than the filesystem or a limit of the shell (ulimit -f) allows",
    hint: `raise the limit, ask for a smaller --size, ${ELSEWHERE}`,
  },
};

const NOT_ALLOWED = "this user may not write there: choose another --out";
const HINTS: Readonly<Record<string, string>> = {
  EACCES: NOT_ALLOWED,
  EPERM: NOT_ALLOWED,
  EROFS: "nobody may write there: choose another --out",
  ENOTDIR: "something on the way there is a file: choose another --out",
};

/** What a failed call of the operating system on the output side means to the user. */
export function outputError(error: unknown, doing: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const system = systemErrorCode(error) ?? "";
  const noRoom = NO_ROOM[system];
  if (noRoom !== undefined) {
    const { reason, hint } = noRoom;
    return new Docker2vmError("E_NO_SPACE", `${doing}: ${reason}`, { hint, cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new Docker2vmError("E_IO", `${doing}: ${reason}`, { hint: HINTS[system], cause: error });
}
