import type { Docker2vmError } from "../errors.ts";
import { meaningOf, writeError } from "../system-errors.ts";

/** What a failed call of the operating system on the output side means to the user: E_NO_SPACE or E_IO. */
export function outputError(error: unknown, doing: string): Docker2vmError {
  const { noRoom, writing } = meaningOf(error);
  const elsewhere =
    noRoom === undefined ? ": choose another place for the output" : ", or put the output elsewhere";
  return writeError(error, doing, writing && `${writing}${elsewhere}`);
}
