/** The head of the journal. What is in it does not matter while nothing waits there. */
import { crc } from "../../ext4/checksum.ts";
import { decode, viewOf } from "../../ext4/format/field.ts";
import {
  JBD2_MAGIC_NUMBER,
  JBD2_SUPERBLOCK_V1,
  JBD2_SUPERBLOCK_V2,
  JOURNAL_COMPAT,
  JOURNAL_INCOMPAT,
  JOURNAL_SUPERBLOCK,
  JOURNAL_SUPERBLOCK_EXTENSION,
  JOURNAL_SUPERBLOCK_SIZE,
} from "../../ext4/format/journal.ts";
import { broken } from "../broken.ts";
import { inodeName, readInode } from "../inode.ts";
import { mappedRuns } from "../mapping.ts";
import type { Check } from "./check.ts";

const WHERE = "journal";
const START = 0xffffffff;
const CRC32C = 4;
/** JBD2_MIN_JOURNAL_BLOCKS. */
const LEAST_BLOCKS = 1024;
/** JBD2_DEFAULT_FAST_COMMIT_BLOCKS: what a 0 in s_num_fc_blks means. */
const DEFAULT_FAST_COMMIT_BLOCKS = 256;

export function checkJournal(check: Check): void {
  const { volume, findings } = check;
  findings.attempt(() => {
    const { blockSize, fields } = volume.superblock;
    const inode = readInode(volume, fields.s_journal_inum);
    if (inode.type !== "file" || inode.links === 0) {
      throw broken(WHERE, `${inodeName(inode.number)} is no regular file in use`);
    }
    let next = 0;
    let first: number | undefined;
    for (const run of mappedRuns(volume, inode)) {
      if (run.logical !== next) throw broken(WHERE, `there is no block ${next} of it`);
      next += run.length;
      first ??= run.physical;
    }
    if (first === undefined) throw broken(WHERE, "it has no blocks");
    const blocks = Math.floor(inode.size / blockSize);
    findings.expect(next * blockSize >= inode.size, WHERE, "it has fewer blocks than its size says");
    checkHead(check, volume.block(first, WHERE), Math.min(blocks, next));
  });
}

function checkHead({ volume, findings }: Check, block: Uint8Array, blocks: number): void {
  const view = viewOf(block);
  const head = decode(JOURNAL_SUPERBLOCK, view, 0);
  const expect = (condition: boolean, what: string) => findings.expect(condition, WHERE, what);
  if (head.h_magic !== JBD2_MAGIC_NUMBER) throw broken(WHERE, "it has no magic number");
  const old = head.h_blocktype === JBD2_SUPERBLOCK_V1;
  expect(old || head.h_blocktype === JBD2_SUPERBLOCK_V2, `its head is a block of type ${head.h_blocktype}`);
  expect(head.s_blocksize === volume.superblock.blockSize, `its blocks have ${head.s_blocksize} bytes`);
  expect(head.s_maxlen <= blocks, `it says ${head.s_maxlen} blocks and has ${blocks}`);
  expect(head.s_first > 0 && head.s_first < head.s_maxlen, `its log begins at block ${head.s_first}`);
  expect(head.s_start === 0, "changes in it are not in place yet");
  expect(head.s_errno === 0, "the kernel noted an error in it");
  if (old) {
    expect(head.s_maxlen >= LEAST_BLOCKS, `it has ${head.s_maxlen} blocks: too few`);
    return;
  }
  expect(head.s_nr_users <= 1, `${head.s_nr_users} filesystems are said to use it`);
  expect((head.s_feature_compat & ~bitsOf(JOURNAL_COMPAT)) === 0, "it has unknown compatible features");
  expect((head.s_feature_incompat & ~bitsOf(JOURNAL_INCOMPAT)) === 0, "it has unknown features");
  expect(head.s_feature_ro_compat === 0, "it has unknown read-only features");
  const { csum_v2, csum_v3, fast_commit } = JOURNAL_INCOMPAT;
  const fast = JOURNAL_SUPERBLOCK_EXTENSION.s_num_fc_blks.get(view, 0) || DEFAULT_FAST_COMMIT_BLOCKS;
  const log = (head.s_feature_incompat & fast_commit) === 0 ? head.s_maxlen : head.s_maxlen - fast;
  expect(log >= LEAST_BLOCKS, `it has ${log} blocks besides those for fast commits: too few`);
  const versions = head.s_feature_incompat & (csum_v2 | csum_v3);
  expect(versions !== (csum_v2 | csum_v3), "it has checksums of two versions");
  if (versions !== 0) checkChecksum(block, view, expect);
}

function checkChecksum(
  block: Uint8Array,
  view: DataView,
  expect: (condition: boolean, what: string) => void,
): void {
  const { s_checksum, s_checksum_type } = JOURNAL_SUPERBLOCK_EXTENSION;
  expect(s_checksum_type.get(view, 0) === CRC32C, "its checksums are of an unknown type");
  const cleared = new Uint8Array(block.subarray(0, JOURNAL_SUPERBLOCK_SIZE));
  s_checksum.put(viewOf(cleared), 0, 0);
  expect(crc(START, cleared) === s_checksum.get(view, 0), "the checksum of its head is wrong");
}

function bitsOf(features: Readonly<Record<string, number>>): number {
  return Object.values(features).reduce((bits, bit) => bits | bit, 0);
}
