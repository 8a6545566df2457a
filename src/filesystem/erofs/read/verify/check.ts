/** What the passes of a check know together. */

import type { FileType } from "../../../reading/filesystem.ts";
import type { Findings } from "../../../reading/findings.ts";
import type { Volume } from "../volume.ts";
import { Claims } from "./claims.ts";

/** An inode that a directory has a name for. */
export interface NamedInode {
  readonly type: FileType;
  /** What it says, and what there is. */
  readonly links: number;
  names: number;
}

export class Check {
  readonly volume: Volume;
  readonly findings: Findings;
  readonly claims = new Claims();
  readonly inodes = new Map<number, NamedInode>();
  /** For each pcluster that was decompressed, by its first byte, how many bytes of it are wanted at the most. */
  readonly decompressed = new Map<number, number>();
  directories = 0;
  /** Whether what could not be read leaves names uncounted: comparing counts would only repeat that. */
  namesAreComplete = true;

  constructor(volume: Volume, findings: Findings) {
    this.volume = volume;
    this.findings = findings;
  }
}
