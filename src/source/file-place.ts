/** Where a file is: enough for any thread to read it as its store does. */
export type FilePlace = NamedPlace | OpenPlace;

/** A file of its own. */
export interface NamedPlace {
  readonly folder: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** A row of bytes in a file that is open: threads of one process share what is. Whoever opened it closes it. */
export interface OpenPlace {
  readonly fd: number;
  /** Byte at which they begin. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** What messages call it. */
  readonly where: string;
}
