/** Which bytes of the image are whose. */

import { sortedByNumber } from "../../../../waiting/sorted.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import type { Findings } from "../../../reading/findings.ts";

/** Bytes `start` to `end` of the image are the inode's, or also those of others that say so. */
interface Claim {
  readonly start: number;
  end: number;
  /** Undefined: the filesystem's own. */
  readonly inode: number | undefined;
  readonly isShared: boolean;
}

export class Claims {
  readonly #claims: Claim[] = [];

  /** What continues the last claim of the same inode is one with it. */
  add(claim: Claim): void {
    if (claim.end <= claim.start) return;
    const last = this.#claims.at(-1);
    if (last?.end === claim.start && last.inode === claim.inode && last.isShared === claim.isShared) {
      last.end = claim.end;
    } else this.#claims.push(claim);
  }

  /** Tells of each claim that lies over another, unless both are shared, or past byte `size`. */
  *check(findings: Findings, size: number): Steps<void> {
    const sorted = yield* sortedByNumber(this.#claims, ({ start }) => start);
    let [alone, shared] = [0, 0];
    for (const { start, end, inode, isShared } of sorted) {
      yield;
      const where = inode === undefined ? "superblock" : inodeName(inode);
      const free = isShared ? alone : Math.max(alone, shared);
      findings.expect(start >= free, where, `bytes ${start} to ${end} are also in use elsewhere`);
      findings.expect(end <= size, where, `bytes ${start} to ${end} are not all in the filesystem's blocks`);
      if (isShared) shared = Math.max(shared, end);
      else alone = Math.max(alone, end);
    }
  }
}
