/** Where a file is: enough for any thread to read it as its store does. */
export interface FilePlace {
  readonly folder: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}
