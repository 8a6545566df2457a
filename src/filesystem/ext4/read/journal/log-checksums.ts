/** Checksums of the log's blocks with csum_v2 and csum_v3 (fs/jbd2/recovery.c). Without either, all are right. */

import { be32, type NumberField, viewOf } from "../../../../blocks/field.ts";
import { crc } from "../../format/checksum.ts";
import { COMMIT_HEADER, COMMIT_HEADER_SIZE, LOG_TAIL, LOG_TAIL_SIZE } from "../../format/journal-log.ts";
import { hasBlockChecksums, type JournalHead } from "./head.ts";
import type { BlockTag } from "./tags.ts";

const START = 0xffffffff;
const SEQUENCE = be32(0);

/** Of a descriptor or revoke block. */
export function tailIsRight(head: JournalHead, block: Uint8Array): boolean {
  if (!hasBlockChecksums(head)) return true;
  return isRight(head, block, LOG_TAIL.t_checksum, block.length - LOG_TAIL_SIZE);
}

/** Of a commit block, of which no more than its header need have arrived. */
export function commitIsRight(head: JournalHead, block: Uint8Array): boolean {
  if (!hasBlockChecksums(head)) return true;
  const header = new Uint8Array(block.length);
  header.set(block.subarray(0, COMMIT_HEADER_SIZE));
  return [block, header].some((bytes) => isRight(head, bytes, COMMIT_HEADER.h_chksum, 0));
}

/** Of a copy in the log, as it is there. */
export function copyIsRight(head: JournalHead, tag: BlockTag, copy: Uint8Array, sequence: number): boolean {
  if (!hasBlockChecksums(head)) return true;
  const number = new Uint8Array(SEQUENCE.width);
  SEQUENCE.put(viewOf(number), 0, sequence);
  const computed = crc(crc(seedOf(head), number), copy);
  return tag.checksum === (head.features.has("csum_v3") ? computed : computed & 0xffff);
}

/** Whether the field of the structure at byte `at` holds the block's checksum, computed with zeros in its place. */
function isRight(head: JournalHead, block: Uint8Array, field: NumberField, at: number): boolean {
  const cleared = new Uint8Array(block);
  field.put(viewOf(cleared), at, 0);
  return field.get(viewOf(block), at) === crc(seedOf(head), cleared);
}

function seedOf({ fields }: JournalHead): number {
  return crc(START, fields.s_uuid);
}
