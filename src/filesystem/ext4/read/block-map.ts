/** The blocks of a file of ext2 and ext3: twelve in i_block, the others by way of one to three levels of pointers. */

import { viewOf } from "../../../blocks/field.ts";
import type { Paused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import { INODE } from "../format/inode.ts";
import { broken } from "./broken.ts";
import type { FileInode } from "./inode.ts";
import type { MappedRun, MetadataVisitor } from "./mapped-run.ts";
import type { Volume } from "./volume.ts";

const DIRECT_BLOCKS = 12;
const LEVELS = 3;
const POINTER_SIZE = 4;

/** Whether no block of pointers is needed. */
export function hasOnlyDirectBlocks({ view }: FileInode): boolean {
  for (let i = DIRECT_BLOCKS; i < DIRECT_BLOCKS + LEVELS; i++) {
    if (view.getUint32(INODE.i_block.offset + i * POINTER_SIZE, true) !== 0) return false;
  }
  return true;
}

/**
 * Runs of the file's blocks below `end` in ascending order; neighbours are put together. Throws E_INVALID_FILESYSTEM for a pointer out of range and
 * for a block of pointers that the file has twice, which would let a few blocks stand for endless many.
 */
export function* blockMapRuns(
  volume: Volume,
  inode: FileInode,
  end: number,
  visit: MetadataVisitor,
): Paused<MappedRun> {
  let run: MappedRun | undefined;
  for (const pointer of pointers(volume, inode, end, visit)) {
    if (pointer === undefined) {
      yield;
      continue;
    }
    const { logical, physical } = pointer;
    if (run !== undefined && follows(run, logical, physical)) {
      run = { ...run, length: run.length + 1 };
      continue;
    }
    if (run !== undefined) yield run;
    run = { logical, physical, length: 1, unwritten: false };
  }
  if (run !== undefined) yield run;
}

function follows(run: MappedRun, logical: number, physical: number): boolean {
  return run.logical + run.length === logical && run.physical + run.length === physical;
}

interface Pointer {
  readonly logical: number;
  readonly physical: number;
}

function* pointers(volume: Volume, inode: FileInode, end: number, visit: MetadataVisitor): Paused<Pointer> {
  const where = inodeName(inode.number);
  const view = viewOf(inode.fields.i_block);
  const perBlock = volume.superblock.blockSize / POINTER_SIZE;
  const seen = new Set<number>();
  for (let i = 0; i < Math.min(DIRECT_BLOCKS, end); i++) {
    const physical = view.getUint32(i * POINTER_SIZE, true);
    if (physical !== 0) yield checked(volume, where, { logical: i, physical });
  }
  let logical = DIRECT_BLOCKS;
  for (let level = 1; level <= LEVELS && logical < end; level++) {
    const block = view.getUint32((DIRECT_BLOCKS + level - 1) * POINTER_SIZE, true);
    if (block !== 0) yield* pointersBelow(block, level, logical);
    logical += perBlock ** level;
  }

  function* pointersBelow(block: number, level: number, first: number): Paused<Pointer> {
    const here = `${where}, pointer block ${block}`;
    if (seen.has(block)) throw broken(here, "the file has it twice");
    seen.add(block);
    visit(block);
    const entries = viewOf(volume.block(block, here));
    yield;
    const span = perBlock ** (level - 1);
    for (let i = 0; i < perBlock && first + i * span < end; i++) {
      const physical = entries.getUint32(i * POINTER_SIZE, true);
      if (physical === 0) continue;
      if (level > 1) yield* pointersBelow(physical, level - 1, first + i * span);
      else yield checked(volume, here, { logical: first + i, physical });
    }
  }
}

function checked(volume: Volume, where: string, pointer: Pointer): Pointer {
  volume.checkRange(pointer.physical, 1, where);
  return pointer;
}
