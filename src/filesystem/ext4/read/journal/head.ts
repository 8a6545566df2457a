/** The superblock of a journal. */

import { decode, type Values, viewOf } from "../../../../blocks/field.ts";
import { crc } from "../../format/checksum.ts";
import {
  JBD2_CRC32C_CHKSUM,
  JBD2_DEFAULT_FAST_COMMIT_BLOCKS,
  JBD2_MAGIC_NUMBER,
  JBD2_MIN_JOURNAL_BLOCKS,
  JBD2_SUPERBLOCK_V1,
  JBD2_SUPERBLOCK_V2,
  JOURNAL_COMPAT,
  JOURNAL_INCOMPAT,
  JOURNAL_SUPERBLOCK,
  JOURNAL_SUPERBLOCK_EXTENSION,
  JOURNAL_SUPERBLOCK_SIZE,
} from "../../format/journal.ts";
import { brokenJournal } from "./broken-journal.ts";

const START = 0xffffffff;

export type JournalFeature = keyof typeof JOURNAL_INCOMPAT | keyof typeof JOURNAL_COMPAT;

export interface JournalHead {
  readonly fields: Values<typeof JOURNAL_SUPERBLOCK>;
  readonly extension: Values<typeof JOURNAL_SUPERBLOCK_EXTENSION>;
  /** The whole block as it is. */
  readonly bytes: Uint8Array;
  /** Whether it is of version 1, which has no features. */
  readonly old: boolean;
  readonly features: ReadonlySet<JournalFeature>;
}

/** Throws E_INVALID_FILESYSTEM if the block begins no journal. */
export function decodeHead(bytes: Uint8Array): JournalHead {
  const view = viewOf(bytes);
  const fields = decode(JOURNAL_SUPERBLOCK, view, 0);
  if (fields.h_magic !== JBD2_MAGIC_NUMBER) throw brokenJournal("it has no magic number");
  const old = fields.h_blocktype === JBD2_SUPERBLOCK_V1;
  return {
    fields,
    extension: decode(JOURNAL_SUPERBLOCK_EXTENSION, view, 0),
    bytes,
    old,
    features: new Set(
      old
        ? []
        : [
            ...named(JOURNAL_COMPAT, fields.s_feature_compat),
            ...named(JOURNAL_INCOMPAT, fields.s_feature_incompat),
          ],
    ),
  };
}

function named<Name extends string>(table: Readonly<Record<Name, number>>, bits: number): Name[] {
  const names = Object.keys(table) as Name[];
  return names.filter((name) => (bits & table[name]) !== 0);
}

/** Whether the log's blocks have CRC-32C checksums of their own. */
export function hasBlockChecksums({ features }: JournalHead): boolean {
  return features.has("csum_v2") || features.has("csum_v3");
}

/** Where the log ends, which begins at s_first; what is past it is for fast commits. */
export function endOfLog({ fields, extension, features }: JournalHead): number {
  const fast = extension.s_num_fc_blks || JBD2_DEFAULT_FAST_COMMIT_BLOCKS;
  return features.has("fast_commit") ? fields.s_maxlen - fast : fields.s_maxlen;
}

/** What keeps a kernel from using the journal (fs/jbd2/journal.c), which has so many blocks of that many bytes. */
export function* headFaults(head: JournalHead, blockSize: number, blocks: number): Generator<string, void> {
  const { fields, extension, features, old } = head;
  if (!old && fields.h_blocktype !== JBD2_SUPERBLOCK_V2) {
    yield `its head is a block of type ${fields.h_blocktype}`;
  }
  if (fields.s_blocksize !== blockSize) yield `its blocks have ${fields.s_blocksize} bytes`;
  if (fields.s_maxlen > blocks) yield `it says ${fields.s_maxlen} blocks and has ${blocks}`;
  if (fields.s_first === 0 || fields.s_first >= fields.s_maxlen) {
    yield `its log begins at block ${fields.s_first}`;
  }
  const log = endOfLog(head);
  if (log < JBD2_MIN_JOURNAL_BLOCKS) {
    yield `it has ${log} blocks${features.has("fast_commit") ? " besides those for fast commits" : ""}: too few`;
  }
  if (old) return;
  if ((fields.s_feature_incompat & ~bitsOf(JOURNAL_INCOMPAT)) !== 0) yield "it has unknown features";
  if (fields.s_feature_ro_compat !== 0) yield "it has unknown read-only features";
  const versions = (["checksum", "csum_v2", "csum_v3"] as const).filter((name) => features.has(name));
  if (versions.length > 1) yield "it has checksums of two versions";
  if (!hasBlockChecksums(head)) return;
  if (extension.s_checksum_type !== JBD2_CRC32C_CHKSUM) yield "its checksums are of an unknown type";
  if (headChecksum(head.bytes) !== extension.s_checksum) yield "the checksum of its head is wrong";
}

/** s_checksum of the superblock that a block begins with. */
export function headChecksum(block: Uint8Array): number {
  const cleared = new Uint8Array(block.subarray(0, JOURNAL_SUPERBLOCK_SIZE));
  JOURNAL_SUPERBLOCK_EXTENSION.s_checksum.put(viewOf(cleared), 0, 0);
  return crc(START, cleared);
}

export function bitsOf(features: Readonly<Record<string, number>>): number {
  return Object.values(features).reduce((bits, bit) => bits | bit, 0);
}
