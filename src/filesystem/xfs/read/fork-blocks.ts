/** Metadata in the blocks of a fork: of a directory, its attributes, or a symbolic link. */

import type { Paused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { broken } from "./broken.ts";
import type { Fork, XfsInode } from "./inode.ts";
import { mappedRuns } from "./mapping.ts";
import type { Volume } from "./volume.ts";

/** `fsblock` is where block `logical` of the fork lies. */
export interface ForkBlock {
  readonly logical: number;
  readonly fsblock: number;
}

/** Every block below `end`, as far as there are any. Throws E_INVALID_FILESYSTEM for one that was never written. */
export function* forkBlocks(volume: Volume, inode: XfsInode, fork: Fork, end: number): Paused<ForkBlock> {
  for (const run of mappedRuns(volume, inode, fork)) {
    if (run === undefined) {
      yield;
      continue;
    }
    if (run.logical >= end) return;
    if (run.isUnwritten) throw broken(inodeName(inode.number), "what describes it was never written");
    for (let i = 0; i < run.length && run.logical + i < end; i++) {
      yield { logical: run.logical + i, fsblock: run.physical + i };
    }
  }
}
