import { Docker2vmError, reasonOf } from "../errors.ts";

/** What is there is no kernel, or none that this program can read. */
export function unsuitable(where: string, what: string, hint: string, cause?: unknown): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", `${where}: ${what}`, { hint, cause });
}

/** What is missing. */
export function noKernel(where: string, what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_IMAGE_NOT_FOUND", `${where}: ${what}`, { hint });
}

export function tooLarge(where: string, most: number): Docker2vmError {
  return new Docker2vmError("E_LIMIT", `${where}: the package holds more than ${most} bytes`, {
    hint: "if it is meant to be like that, raise the limit with --max-bytes",
  });
}

export function damaged(where: string, cause: unknown): Docker2vmError {
  return unsuitable(where, `it is damaged: ${reasonOf(cause)}`, "fetch or copy it again", cause);
}
