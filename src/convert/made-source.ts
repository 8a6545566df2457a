import type { SourceOrigin, SourceSpec } from "../source/source.ts";

/** An image that was made for the conversion alone. */
export interface MadeSource {
  readonly spec: SourceSpec;
  /** The bytes behind the source `{ kind: "stdin" }`. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** What those bytes are called in messages. */
  readonly stdinName?: string | undefined;
  /** What `meta.json` says of where the image came from. */
  readonly origin: SourceOrigin;
  /** Takes away what is left of the making, once the image is read. Returns what is to be said of it; never fails. */
  release?(): Promise<readonly string[]>;
}

/**
 * Makes the image, once it is known that the output may be written. The folder is on the output's disk and goes,
 * with everything in it, when the conversion ends, however it ends.
 */
export type MakeSource = (scratchFolder: string) => Promise<MadeSource>;
