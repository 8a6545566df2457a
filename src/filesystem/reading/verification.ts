import type { Replay } from "./filesystem.ts";
import type { Finding } from "./findings.ts";

/** The outcome of a check of a whole filesystem. */
export interface Verification {
  /** Empty for a clean filesystem. */
  readonly findings: readonly Finding[];
  /** Findings past the first thousand. */
  readonly more: number;
  /** Inodes in use that were looked at. */
  readonly inodes: number;
  readonly directories: number;
  /** What was replayed in memory before the check, if anything was. */
  readonly replay?: Replay;
}
