import { Docker2vmError } from "../errors.ts";

/** The pages of a database as one transaction has left them. */
export interface Pages {
  /** What messages call the database. */
  readonly path: string;
  /** The bytes of a number of pages, from one on. Throws E_BAD_MANIFEST where there are none. */
  read(page: number, pages: number): Uint8Array;
}

export function brokenDatabase(path: string, how: string): Docker2vmError {
  return new Docker2vmError("E_BAD_MANIFEST", `${path}: is no whole bbolt database: ${how}`, {
    hint: "it is damaged or a copy that was cut off",
  });
}
