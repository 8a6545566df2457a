/** The file that lists inodes to be deleted (orphan_file). */

import { decode, viewOf } from "../../../../blocks/field.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { crc, crcOfLong } from "../../format/checksum.ts";
import { ORPHAN_BLOCK_MAGIC, ORPHAN_TAIL, ORPHAN_TAIL_SIZE } from "../../format/orphan-file.ts";
import { broken } from "../broken.ts";
import { readInode } from "../inode.ts";
import { mappedRuns } from "../mapping.ts";
import { seedOfInode } from "../superblock.ts";
import type { Check } from "./check.ts";

export function* checkOrphanFile(check: Check): Steps<void> {
  yield* check.findings.attemptSteps(checkFile(check));
}

function* checkFile(check: Check): Steps<void> {
  const { volume } = check;
  const number = volume.superblock.fields.s_orphan_file_inum;
  const inode = readInode(volume, number);
  const where = inodeName(number);
  if (inode.type !== "file" || inode.links === 0)
    throw broken(where, "the orphan file is no regular file in use");
  const seed = seedOfInode(volume.superblock.seed, number, inode.fields.i_generation);
  const { blockSize } = volume.superblock;
  if (inode.size % blockSize !== 0) throw broken(where, "the orphan file does not end with a block");
  let next = 0;
  for (const run of mappedRuns(volume, inode)) {
    yield;
    if (run === undefined) continue;
    if (run.logical !== next) throw broken(where, `the orphan file has no block ${next}`);
    next += run.length;
    for (let block = run.physical; block < run.physical + run.length; block++) {
      yield;
      checkBlock(check, block, seed, `${where}, orphan block ${block}`);
    }
  }
}

function checkBlock({ volume, findings }: Check, block: number, seed: number, where: string): void {
  const bytes = volume.block(block, where);
  const tail = decode(ORPHAN_TAIL, viewOf(bytes), bytes.length - ORPHAN_TAIL_SIZE);
  const entries = bytes.subarray(0, bytes.length - ORPHAN_TAIL_SIZE);
  findings.expect(tail.ob_magic === ORPHAN_BLOCK_MAGIC, where, "it has no magic number");
  findings.expect(
    entries.every((byte) => byte === 0),
    where,
    "it lists inodes that wait to be deleted",
  );
  const right = tail.ob_checksum === crc(crcOfLong(seed, block), entries);
  findings.expect(!volume.has("metadata_csum") || right, where, "its checksum is wrong");
}
