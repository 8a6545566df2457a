/** Which bytes of the image are whose. */

import { sortedByNumber } from "../../../../waiting/sorted.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import type { Findings } from "../../../reading/findings.ts";

/** Bytes `start` to `end` of the image are the inode's, or also those of others that say so. */
interface Claim {
  readonly start: number;
  readonly end: number;
  /** Undefined: the filesystem's own. */
  readonly inode: number | undefined;
  readonly isShared: boolean;
}

/** In place of an inode: the filesystem itself. */
const OWN = -1;
const FIRST_ROOM = 2 ** 10;
/** Claims that are compared without a pause. */
const PART = 2 ** 12;

export class Claims {
  #count = 0;
  #starts = new Float64Array(FIRST_ROOM);
  #ends = new Float64Array(FIRST_ROOM);
  #inodes = new Float64Array(FIRST_ROOM);
  #shared = new Uint8Array(FIRST_ROOM);

  /** What continues the last claim of the same inode is one with it. */
  add({ start, end, inode = OWN, isShared }: Claim): void {
    if (end <= start) return;
    const last = this.#count - 1;
    const isSame = this.#inodes[last] === inode && this.#shared[last] === Number(isShared);
    if (isSame && this.#ends[last] === start) {
      this.#ends[last] = end;
      return;
    }
    if (this.#count === this.#starts.length) this.#grow();
    const at = this.#count++;
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.#inodes[at] = inode;
    this.#shared[at] = Number(isShared);
  }

  /** Tells of each claim that lies over another, unless both are shared, or past byte `size`. */
  *check(findings: Findings, size: number): Steps<void> {
    const sorted = yield* sortedByNumber(
      Array.from({ length: this.#count }, (_, at) => at),
      (at) => this.#starts[at] ?? 0,
    );
    let [alone, shared] = [0, 0];
    for (let i = 0; i < sorted.length; i++) {
      if (i % PART === 0) yield;
      const at = sorted[i] ?? 0;
      const start = this.#starts[at] ?? 0;
      const end = this.#ends[at] ?? 0;
      const isShared = this.#shared[at] === 1;
      if (start < (isShared ? alone : Math.max(alone, shared)))
        findings.add(this.#where(at), `bytes ${start} to ${end} are also in use elsewhere`);
      if (end > size)
        findings.add(this.#where(at), `bytes ${start} to ${end} are not all in the filesystem's blocks`);
      if (isShared) shared = Math.max(shared, end);
      else alone = Math.max(alone, end);
    }
  }

  #where(at: number): string {
    const inode = this.#inodes[at] ?? OWN;
    return inode === OWN ? "superblock" : inodeName(inode);
  }

  #grow(): void {
    const room = 2 * this.#starts.length;
    this.#starts = grown(this.#starts, new Float64Array(room));
    this.#ends = grown(this.#ends, new Float64Array(room));
    this.#inodes = grown(this.#inodes, new Float64Array(room));
    this.#shared = grown(this.#shared, new Uint8Array(room));
  }
}

function grown<Numbers extends Float64Array | Uint8Array>(old: Numbers, room: Numbers): Numbers {
  room.set(old);
  return room;
}
