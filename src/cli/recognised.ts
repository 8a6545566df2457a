import { Docker2vmError } from "../errors.ts";

/** What was found at a path that does not say so itself: as a source is named, and in words. */
export interface Recognised {
  readonly source: string;
  readonly what: string;
}

/** @param what follows the path */
export function refused(path: string, what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${path} ${what}`, { hint });
}
