/** Extended attributes: first inside the inode, then in a block that inodes with the same ones share. */
import { BLOCK_SIZE } from "../output/blocks.ts";
import type { Xattr } from "../tree/inode.ts";
import { viewOf } from "./format/field.ts";
import { EXT4_GOOD_OLD_INODE_SIZE, EXTRA_ISIZE, INODE_SIZE } from "./format/inode.ts";
import {
  EXT4_XATTR_MAGIC,
  EXT4_XATTR_REFCOUNT_MAX,
  EXT4_XATTR_ROUND,
  XATTR_ENTRY,
  XATTR_ENTRY_HEADER,
  XATTR_HEADER,
  XATTR_HEADER_SIZE,
  XATTR_IBODY_HEADER,
  XATTR_IBODY_HEADER_SIZE,
} from "./format/xattr.ts";
import { limitError } from "./limits.ts";
import { type XattrEntry, xattrEntries } from "./xattr-entries.ts";
import { blockHash, entryHash } from "./xattr-hash.ts";

const INODE_ROOM = INODE_SIZE - EXT4_GOOD_OLD_INODE_SIZE - EXTRA_ISIZE;
/** Zeros that end a list of entries, in the inode and in a block. */
const END_OF_ENTRIES = 4;

/** A block of attributes and how many inodes share it. */
export interface XattrBlock {
  readonly bytes: Uint8Array;
  references: number;
}

/** Where an inode's attributes went. */
export interface PlannedXattrs {
  /** The bytes after the inode's fields. */
  readonly inode: Uint8Array | undefined;
  /** Index into the planner's blocks, or -1. */
  readonly block: number;
}

const NONE: PlannedXattrs = { inode: undefined, block: -1 };

/** Lays out the attributes of one inode after the other and finds the blocks that they can share. */
export class XattrPlanner {
  readonly blocks: XattrBlock[] = [];
  readonly #shared = new Map<string, number>();

  /** Throws E_FILESYSTEM_LIMIT, naming the path, for what ext4 has no name or no room for. */
  plan(xattrs: readonly Xattr[], path: () => string): PlannedXattrs {
    if (xattrs.length === 0) return NONE;
    const entries = xattrEntries(xattrs, path);
    const { kept, left } = split(entries);
    return {
      inode: kept.length === 0 ? undefined : encodeInodeXattrs(kept),
      block: left.length === 0 ? -1 : this.#share(left, path),
    };
  }

  #share(entries: readonly XattrEntry[], path: () => string): number {
    const room = BLOCK_SIZE - XATTR_HEADER_SIZE - END_OF_ENTRIES;
    const needed = entries.reduce((sum, entry) => sum + spaceFor(entry), 0);
    if (needed > room) {
      // A value in an inode of its own (the ea_inode feature) would go here: e_value_inum instead of e_value_offs.
      throw limitError(
        path(),
        `its extended attributes need ${needed} bytes besides the inode; ext4 holds ${room}`,
        "remove or shorten extended attributes of the file in the image",
      );
    }
    const bytes = encodeBlock(entries);
    const key = Buffer.from(bytes.buffer).toString("latin1");
    const known = this.#shared.get(key);
    const block = known === undefined ? undefined : this.blocks[known];
    if (known !== undefined && block !== undefined && block.references < EXT4_XATTR_REFCOUNT_MAX) {
      block.references++;
      return known;
    }
    this.#shared.set(key, this.blocks.length);
    return this.blocks.push({ bytes, references: 1 }) - 1;
  }
}

/** As many as fit the inode, taken in order; the others. */
function split(entries: readonly XattrEntry[]): { kept: XattrEntry[]; left: XattrEntry[] } {
  const kept: XattrEntry[] = [];
  const left: XattrEntry[] = [];
  let room = INODE_ROOM - XATTR_IBODY_HEADER_SIZE - END_OF_ENTRIES;
  for (const entry of entries) {
    const space = spaceFor(entry);
    if (space <= room) {
      kept.push(entry);
      room -= space;
    } else left.push(entry);
  }
  return { kept, left };
}

function spaceFor(entry: XattrEntry): number {
  return XATTR_ENTRY_HEADER + roundUp(entry.name.length) + roundUp(entry.value.length);
}

function roundUp(length: number): number {
  return Math.ceil(length / EXT4_XATTR_ROUND) * EXT4_XATTR_ROUND;
}

function encodeInodeXattrs(entries: readonly XattrEntry[]): Uint8Array {
  const bytes = new Uint8Array(INODE_ROOM);
  XATTR_IBODY_HEADER.h_magic.put(viewOf(bytes), 0, EXT4_XATTR_MAGIC);
  // Inside an inode the kernel keeps no hashes, and places count from the first entry.
  encodeEntries(entries, bytes, XATTR_IBODY_HEADER_SIZE, XATTR_IBODY_HEADER_SIZE, () => 0);
  return bytes;
}

/** The block's bytes but for h_refcount and h_checksum, which depend on who shares it and where it lies. */
function encodeBlock(entries: readonly XattrEntry[]): Uint8Array {
  const bytes = new Uint8Array(BLOCK_SIZE);
  const view = viewOf(bytes);
  const hashes = entries.map((entry) => entryHash(entry.name, entry.value));
  XATTR_HEADER.h_magic.put(view, 0, EXT4_XATTR_MAGIC);
  XATTR_HEADER.h_blocks.put(view, 0, 1);
  XATTR_HEADER.h_hash.put(view, 0, blockHash(hashes));
  encodeEntries(entries, bytes, XATTR_HEADER_SIZE, 0, (i) => hashes[i] ?? 0);
  return bytes;
}

/** Writes entries from byte `at` up and their values from the end down; e_value_offs counts from byte `base`. */
function encodeEntries(
  entries: readonly XattrEntry[],
  bytes: Uint8Array,
  at: number,
  base: number,
  hashOf: (i: number) => number,
): void {
  const view = viewOf(bytes);
  let where = at;
  let valuesFrom = bytes.length;
  for (const [i, { index, name, value }] of entries.entries()) {
    valuesFrom -= roundUp(value.length);
    XATTR_ENTRY.e_name_len.put(view, where, name.length);
    XATTR_ENTRY.e_name_index.put(view, where, index);
    XATTR_ENTRY.e_value_offs.put(view, where, value.length === 0 ? 0 : valuesFrom - base);
    XATTR_ENTRY.e_value_size.put(view, where, value.length);
    XATTR_ENTRY.e_hash.put(view, where, hashOf(i));
    bytes.set(Buffer.from(name, "latin1"), where + XATTR_ENTRY_HEADER);
    bytes.set(value, valuesFrom);
    where += XATTR_ENTRY_HEADER + roundUp(name.length);
  }
}
