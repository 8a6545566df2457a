/** What a descriptor block says of the copies that follow it. */
import { decode, viewOf } from "../../../../blocks/field.ts";
import {
  BLOCK_TAG,
  BLOCK_TAG_CSUM_V2_PADDING,
  BLOCK_TAG_SIZE,
  BLOCK_TAG3,
  BLOCK_TAG3_SIZE,
  LOG_HEADER_SIZE,
  LOG_TAIL_SIZE,
  TAG_FLAG,
  TAG_UUID_SIZE,
} from "../../format/journal-log.ts";
import { hasBlockChecksums, type JournalHead } from "./head.ts";

/** One copy of a block of the filesystem. */
export interface BlockTag {
  /** Of the filesystem, whatever the tag says. */
  readonly block: number;
  /** 32 bits with csum_v3, 16 with csum_v2. */
  readonly checksum: number;
  /** Whether the block begins with the journal's magic number, in place of which its copy has zeros. */
  readonly escaped: boolean;
}

/** The tags in order, as far as there is room for them (fs/jbd2/recovery.c, count_tags). */
export function tagsIn(head: JournalHead, descriptor: Uint8Array): BlockTag[] {
  const size = tagSize(head);
  const end = roomIn(head, descriptor.length);
  const wide = head.features.has("64bit");
  const table = head.features.has("csum_v3") ? BLOCK_TAG3 : BLOCK_TAG;
  // The last tag may end before the last field of its table, which then is not its own.
  const padded = new Uint8Array(descriptor.length + BLOCK_TAG3_SIZE);
  padded.set(descriptor);
  const view = viewOf(padded);
  const tags: BlockTag[] = [];
  for (let at = LOG_HEADER_SIZE; at + size <= end; ) {
    const { t_blocknr, t_blocknr_high, t_checksum, t_flags } = decode(table, view, at);
    tags.push({
      block: (wide ? t_blocknr_high * 2 ** 32 : 0) + t_blocknr,
      checksum: t_checksum,
      escaped: (t_flags & TAG_FLAG.escape) !== 0,
    });
    if ((t_flags & TAG_FLAG.last_tag) !== 0) break;
    at += size + ((t_flags & TAG_FLAG.same_uuid) === 0 ? TAG_UUID_SIZE : 0);
  }
  return tags;
}

/** Bytes of one tag (include/linux/jbd2.h, journal_tag_bytes). */
function tagSize({ features }: JournalHead): number {
  if (features.has("csum_v3")) return BLOCK_TAG3_SIZE;
  const size = features.has("64bit") ? BLOCK_TAG_SIZE["64bit"] : BLOCK_TAG_SIZE.narrow;
  return features.has("csum_v2") ? size + BLOCK_TAG_CSUM_V2_PADDING : size;
}

/** Where what a descriptor or revoke block holds must end. */
export function roomIn(head: JournalHead, blockSize: number): number {
  return hasBlockChecksums(head) ? blockSize - LOG_TAIL_SIZE : blockSize;
}
