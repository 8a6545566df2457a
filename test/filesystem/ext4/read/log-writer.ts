/** Writes logs of any shape into the journal of an image: what debugfs and kernels do not write on request. */

import { be32, be64, encode, viewOf } from "../../../../src/blocks/field.ts";
import { crc, superblockChecksum } from "../../../../src/filesystem/ext4/format/checksum.ts";
import {
  JBD2_CRC32C_CHKSUM,
  JBD2_MAGIC_NUMBER,
  JOURNAL_COMPAT,
  JOURNAL_INCOMPAT,
  JOURNAL_SUPERBLOCK,
  JOURNAL_SUPERBLOCK_EXTENSION,
  JOURNAL_SUPERBLOCK_SIZE,
} from "../../../../src/filesystem/ext4/format/journal.ts";
import {
  BLOCK_TAG,
  BLOCK_TAG3,
  COMMIT_HEADER,
  LOG_BLOCK_TYPE,
  LOG_HEADER,
  LOG_HEADER_SIZE,
  LOG_TAIL,
  LOG_TAIL_SIZE,
  REVOKE_HEADER,
  REVOKE_HEADER_SIZE,
  TAG_FLAG,
  TAG_UUID_SIZE,
} from "../../../../src/filesystem/ext4/format/journal-log.ts";
import { SUPERBLOCK, SUPERBLOCK_OFFSET } from "../../../../src/filesystem/ext4/format/superblock.ts";
import { crc32Be } from "../../../../src/filesystem/ext4/read/journal/crc32-be.ts";
import type { JournalFeature } from "../../../../src/filesystem/ext4/read/journal/head.ts";
import { Volume } from "../../../../src/filesystem/ext4/read/volume.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { readJournalFile } from "./unpaused.ts";

const NEEDS_RECOVERY = 0x4;
const START = 0xffffffff;
const NOW = 1_700_000_000;

export interface Copy {
  readonly block: number;
  /** A whole block. */
  readonly bytes: Uint8Array;
  /** Beyond those that follow from the bytes and the place in the list. */
  readonly flags?: number;
  /** Whether its tag is followed by a UUID, as the first always is. */
  readonly uuid?: boolean;
  /** That its tag, the last of a full descriptor block, is not marked as that. */
  readonly marked?: false;
}

export interface LogShape {
  readonly features?: readonly JournalFeature[];
  /** The block of the journal that the log begins at, and the number of its first transaction. */
  readonly start?: number;
  readonly sequence?: number;
  /** Further fields of the journal's superblock. */
  readonly head?: Parameters<typeof encode<typeof JOURNAL_SUPERBLOCK>>[3];
  readonly fastCommitBlocks?: number;
}

export class LogWriter {
  readonly image: Uint8Array;
  readonly blockSize: number;
  readonly maximum: number;
  /** Where the next block of the log goes, and the number of the transaction that it is of. */
  next: number;
  sequence: number;
  readonly #shape: LogShape;
  readonly #places: number[] = [];
  readonly #uuid: Uint8Array;
  #checksum = START;

  /** Changes `image`, whose journal must be empty. */
  constructor(image: Uint8Array, shape: LogShape = {}) {
    this.image = image;
    this.#shape = shape;
    const volume = new Volume(memoryImage(image));
    this.blockSize = volume.superblock.blockSize;
    this.#uuid = volume.superblock.fields.s_uuid;
    for (const { physical, length } of readJournalFile(volume).runs) {
      for (let i = 0; i < length; i++) this.#places.push(physical + i);
    }
    this.maximum = this.#places.length;
    this.next = shape.start ?? 1;
    this.sequence = shape.sequence ?? 1;
    this.#writeHeads();
  }

  /** The block of the image that a block of the journal is. */
  place(index: number): number {
    return this.#places[index] ?? 0;
  }

  /** A complete transaction. */
  transaction(copies: readonly Copy[], revoked: readonly number[] = [], seconds = NOW): this {
    if (copies.length > 0) this.describe(copies);
    if (revoked.length > 0) this.revoke(revoked);
    return this.commit(seconds);
  }

  /** One descriptor block with its copies, or as many as it takes. */
  describe(copies: readonly Copy[]): this {
    for (let rest = copies; rest.length > 0; ) {
      const { descriptor, count } = this.#descriptor(rest);
      this.#write(descriptor);
      for (const { bytes } of rest.slice(0, count)) this.#write(escapedCopy(bytes));
      rest = rest.slice(count);
    }
    return this;
  }

  revoke(blocks: readonly number[]): this {
    const number = this.#has("64bit") ? be64(0) : be32(0);
    const block = this.#logBlock(LOG_BLOCK_TYPE.revoke);
    const view = viewOf(block);
    blocks.forEach((revoked, i) => {
      number.put(view, REVOKE_HEADER_SIZE + i * number.width, revoked);
    });
    REVOKE_HEADER.r_count.put(view, 0, REVOKE_HEADER_SIZE + blocks.length * number.width);
    // What jbd2 sums up for the feature checksum are descriptors and copies, not lists of revoked blocks.
    this.#put(this.#sealed(block));
    return this;
  }

  commit(seconds = NOW): this {
    const block = this.#logBlock(LOG_BLOCK_TYPE.commit);
    const view = viewOf(block);
    encode(COMMIT_HEADER, view, 0, { h_commit_sec: seconds });
    if (this.#has("checksum")) {
      encode(COMMIT_HEADER, view, 0, { h_chksum_type: 1, h_chksum_size: 4, h_chksum: this.#checksum });
    }
    if (this.#hasBlockChecksums) {
      COMMIT_HEADER.h_chksum.put(view, 0, crc(this.#seed, block));
    }
    this.#put(block);
    this.#checksum = START;
    this.sequence = (this.sequence + 1) >>> 0;
    return this;
  }

  /** A block of the log as it is in the image. */
  block(index: number): Uint8Array {
    const at = this.place(index) * this.blockSize;
    return this.image.subarray(at, at + this.blockSize);
  }

  get #hasBlockChecksums(): boolean {
    return this.#has("csum_v2") || this.#has("csum_v3");
  }

  get #seed(): number {
    return crc(START, this.#uuid);
  }

  #has(feature: JournalFeature): boolean {
    return this.#shape.features?.includes(feature) ?? false;
  }

  /** A descriptor block for as many copies as there is room for. */
  #descriptor(copies: readonly Copy[]): { descriptor: Uint8Array; count: number } {
    const block = this.#logBlock(LOG_BLOCK_TYPE.descriptor);
    const view = viewOf(block);
    const room = this.blockSize - (this.#hasBlockChecksums ? LOG_TAIL_SIZE : 0);
    const lengths = copies.map(
      ({ uuid }, i) => this.#tagSize + (i === 0 || uuid === true ? TAG_UUID_SIZE : 0),
    );
    let at = LOG_HEADER_SIZE;
    let count = 0;
    for (const copy of copies) {
      const length = lengths[count] ?? 0;
      const last = at + length + (lengths[count + 1] ?? room) > room;
      const same = length === this.#tagSize ? TAG_FLAG.same_uuid : 0;
      this.#tag(view, at, copy, same | (last && copy.marked !== false ? TAG_FLAG.last_tag : 0));
      if (same === 0) block.set(this.#uuid, at + this.#tagSize);
      at += length;
      count++;
      if (last) break;
    }
    return { descriptor: this.#sealed(block), count };
  }

  get #tagSize(): number {
    if (this.#has("csum_v3")) return 16;
    return (this.#has("64bit") ? 12 : 8) + (this.#has("csum_v2") ? 2 : 0);
  }

  #tag(view: DataView, at: number, { block, bytes, flags = 0 }: Copy, more: number): void {
    const copy = escapedCopy(bytes);
    const number = new Uint8Array(4);
    be32(0).put(viewOf(number), 0, this.sequence);
    const checksum = crc(crc(this.#seed, number), copy);
    const t_flags = flags | more | (copy === bytes ? 0 : TAG_FLAG.escape);
    const t_blocknr_high = Math.floor(block / 2 ** 32);
    if (this.#has("csum_v3")) {
      encode(BLOCK_TAG3, view, at, { t_blocknr: block, t_flags, t_blocknr_high, t_checksum: checksum });
      return;
    }
    encode(BLOCK_TAG, view, at, { t_blocknr: block, t_flags });
    if (this.#has("64bit")) encode(BLOCK_TAG, view, at, { t_blocknr_high });
    if (this.#has("csum_v2")) encode(BLOCK_TAG, view, at, { t_checksum: checksum & 0xffff });
  }

  #logBlock(h_blocktype: number): Uint8Array {
    const block = new Uint8Array(this.blockSize);
    encode(LOG_HEADER, viewOf(block), 0, {
      h_magic: JBD2_MAGIC_NUMBER,
      h_blocktype,
      h_sequence: this.sequence,
    });
    return block;
  }

  /** With the checksum of a descriptor or revoke block, where such have one. */
  #sealed(block: Uint8Array): Uint8Array {
    if (this.#hasBlockChecksums) {
      LOG_TAIL.t_checksum.put(viewOf(block), block.length - LOG_TAIL_SIZE, crc(this.#seed, block));
    }
    return block;
  }

  /** A block that the checksum of the transaction covers. */
  #write(block: Uint8Array): void {
    this.#checksum = crc32Be(this.#checksum, block);
    this.#put(block);
  }

  #put(block: Uint8Array): void {
    this.block(this.next).set(block);
    const end = this.maximum - (this.#shape.fastCommitBlocks ?? 0);
    this.next++;
    if (this.next >= end) this.next = this.#shape.head?.s_first ?? 1;
  }

  /** Flips a bit of a block of the log. */
  damage(index: number, byte: number): void {
    const block = this.block(index);
    block[byte] = (block[byte] ?? 0) ^ 1;
  }

  #writeHeads(): void {
    const head = this.block(0);
    const view = viewOf(head);
    const bits = (table: Readonly<Record<string, number>>): number =>
      Object.entries(table).reduce(
        (sum, [name, bit]) => sum | (this.#has(name as JournalFeature) ? bit : 0),
        0,
      );
    encode(JOURNAL_SUPERBLOCK, view, 0, {
      s_start: this.next,
      s_sequence: this.sequence,
      s_uuid: this.#uuid,
      s_feature_compat: bits(JOURNAL_COMPAT),
      s_feature_incompat: bits(JOURNAL_INCOMPAT),
      ...this.#shape.head,
    });
    const { s_num_fc_blks, s_checksum_type, s_checksum } = JOURNAL_SUPERBLOCK_EXTENSION;
    s_num_fc_blks.put(view, 0, this.#shape.fastCommitBlocks ?? 0);
    if (this.#hasBlockChecksums) {
      s_checksum_type.put(view, 0, JBD2_CRC32C_CHKSUM);
      s_checksum.put(view, 0, 0);
      s_checksum.put(view, 0, crc(START, head.subarray(0, JOURNAL_SUPERBLOCK_SIZE)));
    }
    changeSuperblock(this.image, (fields) => ({
      s_feature_incompat: fields.s_feature_incompat | NEEDS_RECOVERY,
    }));
  }
}

type Fields = Parameters<typeof encode<typeof SUPERBLOCK>>[3];

/** Changes fields of the filesystem's superblock, and its checksum. */
export function changeSuperblock(
  image: Uint8Array,
  change: (fields: { readonly s_feature_incompat: number; readonly s_feature_compat: number }) => Fields,
): void {
  const view = viewOf(image);
  const s_feature_incompat = SUPERBLOCK.s_feature_incompat.get(view, SUPERBLOCK_OFFSET);
  const s_feature_compat = SUPERBLOCK.s_feature_compat.get(view, SUPERBLOCK_OFFSET);
  encode(SUPERBLOCK, view, SUPERBLOCK_OFFSET, change({ s_feature_incompat, s_feature_compat }));
  const covered = image.subarray(SUPERBLOCK_OFFSET, SUPERBLOCK_OFFSET + SUPERBLOCK.s_checksum.offset);
  SUPERBLOCK.s_checksum.put(view, SUPERBLOCK_OFFSET, superblockChecksum(covered));
}

/** What is in the log of a block that begins with the journal's magic number; the same bytes of any other. */
function escapedCopy(bytes: Uint8Array): Uint8Array {
  if (be32(0).get(viewOf(bytes), 0) !== JBD2_MAGIC_NUMBER) return bytes;
  const copy = new Uint8Array(bytes);
  copy.fill(0, 0, 4);
  return copy;
}
