import { Docker2vmError, systemErrorCode } from "../errors.ts";

const NO_ROOM: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is larger than the filesystem or a limit of the shell (ulimit -f) allows",
};

/** What a failed call of the operating system on the output side means to the user. */
export function outputError(error: unknown, doing: string): Docker2vmError {
  if (error instanceof Docker2vmError) return error;
  const system = systemErrorCode(error) ?? "";
  const noRoom = NO_ROOM[system];
  if (noRoom !== undefined) {
    return new Docker2vmError("E_NO_SPACE", `${doing}: ${noRoom}`, {
      hint: "free some space, or put the output on another disk with --out",
      cause: error,
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new Docker2vmError("E_IO", `${doing}: ${reason}`, {
    hint:
      system === "EACCES" || system === "EPERM" || system === "EROFS"
        ? "this user may not write there: choose another --out"
        : undefined,
    cause: error,
  });
}
