/** The two superblocks as a kernel has them after a replay: the journal's and the filesystem's. */

import { encode, high32, viewOf } from "../../../../blocks/field.ts";
import type { ImageReader } from "../../../reading/image.ts";
import { superblockChecksum } from "../../format/checksum.ts";
import { INCOMPAT_NAMES, RO_COMPAT_NAMES } from "../../format/feature-names.ts";
import { JOURNAL_SUPERBLOCK, JOURNAL_SUPERBLOCK_EXTENSION } from "../../format/journal.ts";
import { EXT4_ERROR_FS, SUPERBLOCK, SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE } from "../../format/superblock.ts";
import { decodeDescriptor, descriptorPosition } from "../group-descriptor.ts";
import { readSuperblock, type Superblock } from "../superblock.ts";
import { hasBlockChecksums, headChecksum } from "./head.ts";
import type { Journal } from "./journal.ts";
import type { OverlaidImage } from "./overlay.ts";
import { sequenceAfter } from "./sequence.ts";

/** Nothing waits in the journal any more; `end` is the number of the first transaction that was not complete. */
export function putRecoveredHead(journal: Journal, end: number, overlay: OverlaidImage): void {
  const bytes = new Uint8Array(journal.head.bytes);
  const view = viewOf(bytes);
  encode(JOURNAL_SUPERBLOCK, view, 0, { s_start: 0, s_sequence: sequenceAfter(end, 1), s_errno: 0 });
  if (hasBlockChecksums(journal.head)) {
    JOURNAL_SUPERBLOCK_EXTENSION.s_checksum.put(view, 0, headChecksum(bytes));
  }
  overlay.put(journal.place(0), bytes);
}

/**
 * The filesystem needs no recovery. Errors noted in it before the replay, or in its journal, stay noted. A kernel that
 * has a filesystem mounted does not keep the totals up to date; the next one takes them from the groups.
 */
export function putRecoveredSuperblock(before: Superblock, hasError: boolean, overlay: OverlaidImage): void {
  const superblock = readSuperblock(overlay);
  const { fields, blocksPerCluster } = superblock;
  const { blockSize } = before;
  const free = freeInGroups(superblock, overlay);
  const blocks = free.clusters * blocksPerCluster;
  const error = hasError ? EXT4_ERROR_FS : before.fields.s_state & EXT4_ERROR_FS;
  const block = Math.floor(SUPERBLOCK_OFFSET / blockSize);
  const bytes = overlay.read(block * blockSize, blockSize);
  const at = SUPERBLOCK_OFFSET - block * blockSize;
  const view = viewOf(bytes);
  encode(SUPERBLOCK, view, at, {
    s_feature_incompat: fields.s_feature_incompat & ~INCOMPAT_NAMES.needs_recovery,
    s_state: fields.s_state | error,
    s_free_blocks_count_lo: blocks,
    s_free_inodes_count: free.inodes,
    ...(superblock.features.has("64bit") ? { s_free_blocks_count_hi: high32(blocks) } : {}),
  });
  if ((fields.s_feature_ro_compat & RO_COMPAT_NAMES.metadata_csum) !== 0) {
    const covered = bytes.subarray(at, at + SUPERBLOCK_SIZE).subarray(0, SUPERBLOCK.s_checksum.offset);
    SUPERBLOCK.s_checksum.put(view, at, superblockChecksum(covered));
  }
  overlay.put(block, bytes);
}

function freeInGroups(superblock: Superblock, image: ImageReader): { clusters: number; inodes: number } {
  const free = { clusters: 0, inodes: 0 };
  for (let group = 0; group < superblock.groups; group++) {
    const bytes = image.read(descriptorPosition(superblock, group), superblock.descriptorSize);
    const { freeBlocks, freeInodes } = decodeDescriptor(bytes);
    free.clusters += freeBlocks;
    free.inodes += freeInodes;
  }
  return free;
}
