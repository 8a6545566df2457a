/** The inodes that are the filesystem's own: bad blocks, resize, journal and orphan file. */

import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import {
  EXT4_BAD_INO,
  EXT4_BOOT_LOADER_INO,
  EXT4_GRP_QUOTA_INO,
  EXT4_JOURNAL_INO,
  EXT4_RESIZE_INO,
  EXT4_ROOT_INO,
  EXT4_USR_QUOTA_INO,
} from "../../format/inode.ts";
import type { FeatureName } from "../features.ts";
import { FileInode } from "../inode.ts";
import { mappedRuns, maximumSize } from "../mapping.ts";
import { xattrBlock } from "../xattr-entries.ts";
import type { Check } from "./check.ts";
import { statedSectors } from "./inode-mapping.ts";
import { tableInodes } from "./inodes.ts";
import { checkJournal } from "./journal.ts";
import { checkOrphanFile } from "./orphan-file.ts";
import { checkResizeInode } from "./resize-inode.ts";

/** Reserved inodes by the feature that they are used with. */
const OWNERS: ReadonlyMap<number, FeatureName> = new Map([
  [EXT4_USR_QUOTA_INO, "quota"],
  [EXT4_GRP_QUOTA_INO, "quota"],
  [EXT4_RESIZE_INO, "resize_inode"],
  [EXT4_JOURNAL_INO, "has_journal"],
]);
/** Those that may be used whatever features there are; of a boot loader's, i_mode says whether it is. */
const FREE_FOR_USE: ReadonlySet<number> = new Set([EXT4_BAD_INO, EXT4_ROOT_INO]);

export function* checkReservedInodes(check: Check): Steps<void> {
  const { volume } = check;
  const reserved = new Map<number, FileInode>();
  for (const inode of tableInodes(volume, 0)) {
    if (inode === undefined) {
      yield;
      continue;
    }
    if (inode.number >= volume.superblock.firstInode) break;
    reserved.set(inode.number, new FileInode(volume, inode.number, new Uint8Array(inode.bytes)));
    checkOwner(check, inode);
  }
  const bad = reserved.get(EXT4_BAD_INO);
  if (bad !== undefined) yield* checkBadBlocks(check, bad);
  if (volume.has("resize_inode")) yield* checkResizeInode(check, reserved.get(EXT4_RESIZE_INO));
  if (volume.has("has_journal") && volume.superblock.fields.s_journal_inum !== 0) yield* checkJournal(check);
  if (volume.has("orphan_file")) yield* checkOrphanFile(check);
}

/** Without its feature, a reserved inode holds nothing. */
function checkOwner({ volume, findings }: Check, inode: FileInode): void {
  const { number, fields } = inode;
  const owner = OWNERS.get(number);
  if (FREE_FOR_USE.has(number) || (owner !== undefined && volume.has(owner))) return;
  if (number === EXT4_BOOT_LOADER_INO && fields.i_mode !== 0) return;
  const counts = [fields.i_mode, fields.i_flags, statedSectors(volume, inode), xattrBlock(volume, inode)];
  const empty = counts.every((count) => count === 0) && fields.i_block.every((byte) => byte === 0);
  findings.expect(empty, inodeName(number), "nothing uses it, but it holds something");
  // Of an inode that is no file, `size` leaves out the upper half.
  const size = fields.i_size_high * 2 ** 32 + fields.i_size_lo;
  const what = `its size is ${size}, more than any mapping reaches`;
  findings.expect(size <= maximumSize(volume, inode), inodeName(number), what);
}

/** The list of bad blocks: a map of blocks and nothing else, of blocks that nothing else uses. */
function* checkBadBlocks(check: Check, inode: FileInode): Steps<void> {
  const { fields, links, uid, gid } = inode;
  const where = inodeName(inode.number);
  const others = [fields.i_mode, uid, gid, links, fields.i_dtime, fields.i_flags, fields.i_file_acl_lo];
  check.findings.expect(
    others.every((value) => value === 0),
    where,
    "the list of bad blocks looks like something else",
  );
  if (!(yield* check.findings.attemptSteps(claimBadBlocks(check, inode, where))))
    check.blocksAreComplete = false;
}

function* claimBadBlocks(check: Check, inode: FileInode, where: string): Steps<void> {
  const visit = (block: number): void => check.claim(where, block, 1);
  for (const run of mappedRuns(check.volume, inode, { visit })) {
    yield;
    if (run !== undefined) check.claim(where, run.physical, run.length);
  }
}
