/** What the blocks of a filesystem are for. */

import { sortedByNumber } from "../../../waiting/sorted.ts";
import type { Steps } from "../../../waiting/steps.ts";
import type { BlockUse, BlockUses } from "../../reading/block-use.ts";
import { EXT4_BG_BLOCK_UNINIT } from "../format/group-descriptor.ts";
import { EXT4_EA_INODE_FL, EXT4_ROOT_INO } from "../format/inode.ts";
import { blocksIn, descriptorBlocksIn, firstBlockOf, hasSuperblock } from "./group-descriptor.ts";
import type { FileInode } from "./inode.ts";
import { mappedRuns } from "./mapping.ts";
import { isFastSymlink } from "./symlink.ts";
import { hasDescriptorChecksums } from "./verify/groups.ts";
import { tableInodes } from "./verify/inodes.ts";
import type { Volume } from "./volume.ts";

interface Run {
  readonly start: number;
  readonly length: number;
}

export function* blockUses(volume: Volume): BlockUses {
  const fixed = yield* fixedRuns(volume);
  for (let group = 0; group < volume.superblock.groups; group++) {
    yield;
    const free = isUninitialised(volume, group) ? gaps(volume, group, fixed) : clearBits(volume, group);
    for (const { start, length } of free) yield { start, length, use: "free" };
    for (const inode of tableInodes(volume, group)) {
      const use = inode === undefined ? undefined : useOf(volume, inode);
      if (inode === undefined || use === undefined) {
        yield;
        continue;
      }
      for (const run of mappedRuns(volume, inode))
        yield run && { start: run.physical, length: run.length, use };
    }
  }
}

/** What an inode's blocks are for; undefined where that is the filesystem's own business, or there are none. */
function useOf(volume: Volume, inode: FileInode): BlockUse["use"] | undefined {
  const { superblock } = volume;
  const { number, type, links, fields } = inode;
  if (volume.has("has_journal") && number === superblock.fields.s_journal_inum) return "journal";
  const isReserved = number < superblock.firstInode && number !== EXT4_ROOT_INO;
  if (links === 0 || isReserved || (fields.i_flags & EXT4_EA_INODE_FL) !== 0) return undefined;
  if (type === "directory") return "directories";
  return type === "file" || (type === "symlink" && !isFastSymlink(volume, inode)) ? "contents" : undefined;
}

function isUninitialised(volume: Volume, group: number): boolean {
  const isSaid = (volume.descriptor(group).fields.bg_flags & EXT4_BG_BLOCK_UNINIT) !== 0;
  return isSaid && hasDescriptorChecksums(volume);
}

/** What has its place whatever files there are, ascending. */
function* fixedRuns(volume: Volume): Steps<readonly Run[]> {
  const { superblock } = volume;
  const table = Math.ceil((superblock.inodesPerGroup * superblock.inodeSize) / superblock.blockSize);
  const runs: Run[] = [];
  for (let group = 0; group < superblock.groups; group++) {
    yield;
    const { used, reserved } = descriptorBlocksIn(superblock, group);
    const head = (hasSuperblock(superblock, group) ? 1 : 0) + used + reserved;
    const { blockBitmap, inodeBitmap, inodeTable } = volume.descriptor(group);
    runs.push(
      { start: firstBlockOf(superblock, group), length: head },
      { start: blockBitmap, length: 1 },
      { start: inodeBitmap, length: 1 },
      { start: inodeTable, length: table },
    );
  }
  return yield* sortedByNumber(runs, ({ start }) => start);
}

/** Of a group whose bitmap is not on disk: what is between the fixed runs. */
function* gaps({ superblock }: Volume, group: number, fixed: readonly Run[]): Generator<Run> {
  let start = firstBlockOf(superblock, group);
  const end = start + blocksIn(superblock, group);
  for (let at = firstEndingAfter(fixed, start); start < end; at++) {
    const run = fixed[at];
    const next = Math.min(run?.start ?? end, end);
    if (next > start) yield { start, length: next - start };
    start = run === undefined ? end : Math.max(start, run.start + run.length);
  }
}

function firstEndingAfter(runs: readonly Run[], block: number): number {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const run = runs[middle];
    if (run !== undefined && run.start + run.length <= block) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a group's bitmap, a bit for each cluster, says that nothing is in use. */
function* clearBits(volume: Volume, group: number): Generator<Run> {
  const { superblock } = volume;
  const perBit = superblock.blocksPerCluster;
  const first = firstBlockOf(superblock, group);
  const blocks = blocksIn(superblock, group);
  const bitmap = volume.block(volume.descriptor(group).blockBitmap, `group ${group}, block bitmap`);
  const bits = Math.ceil(blocks / perBit);
  let start: number | undefined;
  for (let bit = 0; bit <= bits; bit++) {
    const isFree = bit < bits && ((bitmap[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0;
    if (isFree) start ??= bit;
    else if (start !== undefined) {
      yield { start: first + start * perBit, length: Math.min(bit * perBit, blocks) - start * perBit };
      start = undefined;
    }
  }
}
