import type { SourceOrigin, SourceSpec } from "../source/source.ts";

/** An image that is made for the conversion alone, once it is known that the output may be written. */
export interface SourceToMake {
  readonly kind: "made";
  /** What `meta.json` says of where the image came from. */
  readonly origin: SourceOrigin;
  /**
   * Makes the image and says where it is. The folder is on the output's disk and goes, with everything in it, when the
   * conversion ends, however it ends.
   */
  make(scratchFolder: string): Promise<SourceSpec>;
  /** Takes away what is left of the making, once the image is read. Returns what is to be said of it; never fails. */
  release?(): Promise<readonly string[]>;
}
