/** What the passes of a check know together. */

import type { Findings } from "../../../reading/findings.ts";
import type { Volume } from "../volume.ts";
import { Claims } from "./claims.ts";
import { NamedInodes } from "./named-inodes.ts";

export class Check {
  readonly volume: Volume;
  readonly findings: Findings;
  readonly claims = new Claims();
  readonly inodes = new NamedInodes();
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
