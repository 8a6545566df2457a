/** The index of hashes of a directory (htree): it must lead to every block once, in order. */

import { decode, viewOf } from "../../../../blocks/field.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { inodeName } from "../../../reading/filesystem.ts";
import { crc, crcOfNumber } from "../../format/checksum.ts";
import {
  DIRECTORY_ENTRY,
  DX_COUNT_LIMIT,
  DX_ENTRY,
  DX_ENTRY_SIZE,
  DX_NODE,
  DX_ROOT,
  DX_ROOT_INFO,
  DX_ROOT_INFO_OFFSET,
  DX_ROOT_INFO_SIZE,
  DX_TAIL,
  DX_TAIL_SIZE,
} from "../../format/directory.ts";
import type { DirectoryHash } from "../../format/dirhash.ts";
import { broken } from "../broken.ts";
import { type EntryCursor, isIndexNode } from "../directory.ts";
import { type FileInode, hasFlag } from "../inode.ts";
import { hashOfVersion } from "../name-hash.ts";
import type { Check } from "./check.ts";

/** Hashes that a leaf may have, both ends included. */
export interface HashRange {
  readonly least: number;
  readonly most: number;
}

const MOST_LEVELS = 2;
const MOST_LEVELS_LARGE_DIR = 3;
const LAST_HASH = 0xffffffff;
/** Bit 0 of a hash in the index: entries of that hash go on from the block before. */
const CONTINUES = 1;

export class IndexCheck {
  readonly #check: Check;
  readonly #inode: FileInode;
  readonly #blocks: readonly number[];
  readonly #seed: number;
  readonly #ranges = new Map<number, HashRange | "index">();
  #hash: DirectoryHash | undefined;

  /** `blocks` are the image's, for each block of the directory. */
  constructor(check: Check, inode: FileInode, blocks: readonly number[], seed: number) {
    this.#check = check;
    this.#inode = inode;
    this.#blocks = blocks;
    this.#seed = seed;
  }

  /** For each block that the index leads to, its hashes; "index" for those of the index itself. */
  *ranges(): Steps<ReadonlyMap<number, HashRange | "index">> {
    const bytes = this.#block(0);
    const where = this.#where(0);
    const info = decode(DX_ROOT_INFO, viewOf(bytes), DX_ROOT_INFO_OFFSET);
    const most = this.#check.volume.has("large_dir") ? MOST_LEVELS_LARGE_DIR : MOST_LEVELS;
    const valid =
      info.reserved_zero === 0 && info.info_length === DX_ROOT_INFO_SIZE && (info.unused_flags & 1) === 0;
    if (!valid || info.indirect_levels >= most) throw broken(where, "the head of its index is impossible");
    const casefold = hasFlag(this.#inode, "casefold");
    if (!casefold) {
      this.#hash = hashOfVersion(this.#check.volume.superblock.fields, info.hash_version);
      if (this.#hash === undefined)
        throw broken(where, `its hashes are of an unknown version (${info.hash_version})`);
    }
    this.#ranges.set(0, "index");
    yield* this.#readEntries(bytes, DX_ROOT.offset, info.indirect_levels, { least: 0, most: LAST_HASH }, 0);
    return this.#ranges;
  }

  /** An entry of a leaf must hash to what the index says of that. */
  checkHash({ at, inode }: EntryCursor, name: string, { least, most }: HashRange, where: string): void {
    if (this.#hash === undefined || inode === 0) return;
    const hash = this.#hash(name);
    if (hash >= least && hash <= most) return;
    this.#check.findings.add(`${where}, entry at byte ${at}`, "it is not where the index looks");
  }

  *#readEntries(
    bytes: Uint8Array,
    offset: number,
    levels: number,
    range: HashRange,
    logical: number,
  ): Steps<void> {
    yield;
    const where = this.#where(logical);
    const view = viewOf(bytes);
    const { limit, count } = decode(DX_COUNT_LIMIT, view, offset);
    const tail = this.#check.volume.has("metadata_csum") ? DX_TAIL_SIZE : 0;
    const room = Math.floor((bytes.length - offset - tail) / DX_ENTRY_SIZE);
    if (limit !== room || count < 1 || count > limit) {
      throw broken(where, `its index has ${count} of ${limit} entries: impossible`);
    }
    if (tail !== 0) this.#checkTail(bytes, offset, count, limit, where);
    let least = range.least;
    for (let i = 0; i < count; i++) {
      const at = offset + i * DX_ENTRY_SIZE;
      const next = i + 1 < count ? DX_ENTRY.hash.get(view, at + DX_ENTRY_SIZE) : undefined;
      if (next !== undefined && (next < least || next > range.most))
        throw broken(where, "its index is out of order");
      const most = next === undefined ? range.most : next - (next & CONTINUES);
      yield* this.#descend(
        DX_ENTRY.block.get(view, at),
        levels,
        { least: least - (least & CONTINUES), most },
        where,
      );
      least = next ?? least;
    }
  }

  *#descend(logical: number, levels: number, range: HashRange, where: string): Steps<void> {
    if (logical >= this.#blocks.length || this.#ranges.has(logical)) {
      throw broken(where, `its index leads to block ${logical} wrongly`);
    }
    if (levels === 0) {
      this.#ranges.set(logical, range);
      return;
    }
    this.#ranges.set(logical, "index");
    const bytes = this.#block(logical);
    const view = viewOf(bytes);
    const isNode = isIndexNode(this.#check.volume, bytes) && DIRECTORY_ENTRY.name_len.get(view, 0) === 0;
    if (!isNode) throw broken(this.#where(logical), "a block of its index is not one");
    yield* this.#readEntries(bytes, DX_NODE.offset, levels - 1, range, logical);
  }

  #checkTail(bytes: Uint8Array, offset: number, count: number, limit: number, where: string): void {
    const tail = decode(DX_TAIL, viewOf(bytes), offset + limit * DX_ENTRY_SIZE);
    const covered = crc(this.#seed, bytes.subarray(0, offset + count * DX_ENTRY_SIZE));
    const right = crcOfNumber(crcOfNumber(covered, tail.dt_reserved), 0) === tail.dt_checksum;
    this.#check.findings.expect(right, where, "the checksum of its index is wrong");
  }

  #block(logical: number): Uint8Array {
    const physical = this.#blocks[logical];
    if (physical === undefined) throw broken(this.#where(logical), "there is none");
    return this.#check.volume.block(physical, this.#where(logical));
  }

  #where(logical: number): string {
    return `${inodeName(this.#inode.number)}, directory block ${logical}`;
  }
}
