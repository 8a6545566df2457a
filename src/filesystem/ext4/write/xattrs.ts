/**
 * Extended attributes: first inside the inode, then in a block that inodes with the same ones share. Values that this
 * block has no room for get inodes of their own.
 */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { viewOf } from "../../../blocks/field.ts";
import type { Xattr } from "../../../tree/inode.ts";
import { limitError } from "../../kind/limit-error.ts";
import { EXT4_GOOD_OLD_INODE_SIZE, EXTRA_ISIZE, INODE_SIZE } from "../format/inode.ts";
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
} from "../format/xattr.ts";
import { blockHash, entryHash, entryHashOfValueInode } from "../format/xattr-hash.ts";
import { NOT_ATTRIBUTED, type PlannedXattrs } from "./planned-xattrs.ts";
import { type ValueInode, ValueInodes } from "./value-inodes.ts";
import type { Variant } from "./variant.ts";
import { type XattrEntry, xattrEntries } from "./xattr-entries.ts";

const INODE_ROOM = INODE_SIZE - EXT4_GOOD_OLD_INODE_SIZE - EXTRA_ISIZE;
/** Zeros that end a list of entries, in the inode and in a block. */
const END_OF_ENTRIES = 4;

/** A block of attributes and how many inodes share it. */
export interface XattrBlock {
  /** The block but for what depends on numbers and places; e_value_inum is an index, counted from 1. */
  readonly bytes: Uint8Array;
  references: number;
  /** For each value in an inode of its own: the byte its entry begins at, and the index of that inode. */
  readonly values: readonly { readonly at: number; readonly index: number }[];
  /** Blocks that these values fill: they count as those of every inode that has them. */
  readonly valueBlocks: number;
}

/** An attribute with the place of its value: beside it, or in the value inode of that index. */
interface PlacedEntry extends XattrEntry {
  readonly valueIndex: number | undefined;
}

/** Lays out the attributes of one inode after the other and finds the blocks and values that they can share. */
export class XattrPlanner {
  readonly blocks: XattrBlock[] = [];
  readonly #shared = new Map<string, number>();
  readonly #variant: Variant;
  readonly #values: ValueInodes;

  /** @param seed the filesystem's seed of checksums */
  constructor(variant: Variant, seed: number) {
    this.#variant = variant;
    this.#values = new ValueInodes(seed);
  }

  /** Values that have inodes of their own. */
  get valueInodes(): readonly ValueInode[] {
    return this.#values.inodes;
  }

  /** Throws E_FILESYSTEM_LIMIT, naming the path, for what the filesystem has no name or no room for. */
  plan(xattrs: readonly Xattr[], path: () => string): PlannedXattrs {
    if (xattrs.length === 0) return NOT_ATTRIBUTED;
    const entries = xattrEntries(xattrs, path);
    const { kept, left } = split(entries);
    return {
      inode: kept.length === 0 ? undefined : encodeInodeXattrs(kept),
      block: left.length === 0 ? -1 : this.#share(this.#moveOut(left, path)),
    };
  }

  /** Gives inodes of their own to the largest values until the others fit a block. */
  #moveOut(entries: readonly XattrEntry[], path: () => string): PlacedEntry[] {
    const room = BLOCK_SIZE - XATTR_HEADER_SIZE - END_OF_ENTRIES;
    const { valueInodes, name } = this.#variant;
    const moved = new Set<XattrEntry>();
    const needed = entries.reduce((sum, entry) => sum + spaceFor(entry), 0);
    let missing = needed - room;
    const bySize = valueInodes ? [...entries].sort((a, b) => b.value.length - a.value.length) : [];
    for (const entry of bySize) {
      if (missing <= 0) break;
      missing -= roundUp(entry.value.length);
      moved.add(entry);
    }
    if (missing > 0) {
      throw limitError(
        path(),
        `its extended attributes need ${needed} bytes besides the inode; ${name} holds ${room}` +
          (valueInodes ? ", values in inodes of their own aside" : ""),
        "remove or shorten extended attributes of the file in the image",
      );
    }
    return entries.map((entry) => ({
      ...entry,
      valueIndex: moved.has(entry) ? this.#values.indexOf(entry.value) : undefined,
    }));
  }

  #share(entries: readonly PlacedEntry[]): number {
    const made = this.#encodeBlock(entries);
    const key = Buffer.from(made.bytes.buffer).toString("latin1");
    const known = this.#shared.get(key);
    const block = known === undefined ? undefined : this.blocks[known];
    if (known !== undefined && block !== undefined && block.references < EXT4_XATTR_REFCOUNT_MAX) {
      block.references++;
      return known;
    }
    for (const { index } of made.values) {
      const valueInode = this.valueInodes[index];
      if (valueInode !== undefined) valueInode.references++;
    }
    this.#shared.set(key, this.blocks.length);
    return this.blocks.push(made) - 1;
  }

  #encodeBlock(entries: readonly PlacedEntry[]): XattrBlock {
    const bytes = new Uint8Array(BLOCK_SIZE);
    const view = viewOf(bytes);
    const hashes = entries.map((entry) => this.#hashOf(entry));
    XATTR_HEADER.h_magic.put(view, 0, EXT4_XATTR_MAGIC);
    XATTR_HEADER.h_blocks.put(view, 0, 1);
    XATTR_HEADER.h_hash.put(view, 0, blockHash(hashes));
    const places = encodeEntries(entries, bytes, XATTR_HEADER_SIZE, 0, (i) => hashes[i] ?? 0);
    const values = entries.flatMap(({ valueIndex }, i) =>
      valueIndex === undefined ? [] : [{ at: places[i] ?? 0, index: valueIndex }],
    );
    const blocks = values.reduce((sum, { index }) => sum + this.#values.blocksOf(index), 0);
    return { bytes, references: 1, values, valueBlocks: blocks };
  }

  #hashOf({ name, value, valueIndex }: PlacedEntry): number {
    if (valueIndex === undefined) return entryHash(name, value);
    return entryHashOfValueInode(name, this.valueInodes[valueIndex]?.hash ?? 0);
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

function encodeInodeXattrs(kept: readonly XattrEntry[]): Uint8Array {
  const entries = kept.map((entry) => ({ ...entry, valueIndex: undefined }));
  const bytes = new Uint8Array(INODE_ROOM);
  XATTR_IBODY_HEADER.h_magic.put(viewOf(bytes), 0, EXT4_XATTR_MAGIC);
  // Inside an inode the kernel keeps no hashes, and places count from the first entry.
  encodeEntries(entries, bytes, XATTR_IBODY_HEADER_SIZE, XATTR_IBODY_HEADER_SIZE, () => 0);
  return bytes;
}

/**
 * Writes entries from byte `at` up and values without an inode of their own from the end down; e_value_offs counts
 * from byte `base`. Returns where each entry begins.
 */
function encodeEntries(
  entries: readonly PlacedEntry[],
  bytes: Uint8Array,
  at: number,
  base: number,
  hashOf: (i: number) => number,
): number[] {
  const view = viewOf(bytes);
  const places: number[] = [];
  let where = at;
  let valuesFrom = bytes.length;
  for (const [i, { index, name, value, valueIndex }] of entries.entries()) {
    places.push(where);
    XATTR_ENTRY.e_name_len.put(view, where, name.length);
    XATTR_ENTRY.e_name_index.put(view, where, index);
    if (valueIndex !== undefined) {
      XATTR_ENTRY.e_value_inum.put(view, where, valueIndex + 1);
    } else if (value.length > 0) {
      valuesFrom -= roundUp(value.length);
      XATTR_ENTRY.e_value_offs.put(view, where, valuesFrom - base);
      bytes.set(value, valuesFrom);
    }
    XATTR_ENTRY.e_value_size.put(view, where, value.length);
    XATTR_ENTRY.e_hash.put(view, where, hashOf(i));
    bytes.set(Buffer.from(name, "latin1"), where + XATTR_ENTRY_HEADER);
    where += XATTR_ENTRY_HEADER + roundUp(name.length);
  }
  return places;
}
