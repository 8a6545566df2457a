/** Extended attributes as they are on disk: in the inode, or in blocks. */

import { decode, viewOf } from "../../../blocks/field.ts";
import { unpaused } from "../../../waiting/steps.ts";
import { inodeName } from "../../reading/filesystem.ts";
import {
  ATTR_ENTRIES_OFFSET,
  ATTR_ENTRY,
  ATTR_ENTRY_SIZE,
  ATTR_FLAG,
  ATTR_LEAF,
  ATTR_LOCAL,
  ATTR_LOCAL_HEADER,
  ATTR_REMOTE,
  ATTR_REMOTE_HEADER,
  ATTR_VALUE_BLOCK,
  ATTR_VALUE_HEADER,
  SHORT_ATTRIBUTE,
  SHORT_ATTRIBUTE_HEADER,
  SHORT_ATTRIBUTES,
  SHORT_ATTRIBUTES_HEADER,
  XATTR_SIZE_MAX,
  XFS_ATTR3_RMT_MAGIC,
} from "../format/attribute.ts";
import { DA_BLOCK, DA_ENTRIES_OFFSET, DA_MAGIC, DA_NODE, DA_NODE_ENTRY } from "../format/da-block.ts";
import { broken } from "./broken.ts";
import { forkBlocks } from "./fork-blocks.ts";
import type { Fork, XfsInode } from "./inode.ts";
import type { SelfDescription, Volume } from "./volume.ts";

export interface DiskXattr {
  /** ATTR_FLAG: the prefix, and what else is to be known. */
  readonly flags: number;
  /** What follows the prefix. */
  readonly name: string;
  readonly value: Uint8Array;
}

const HASHED_BLOCK: SelfDescription = {
  magic: { field: DA_BLOCK.magic, values: [DA_MAGIC.attrLeaf, DA_MAGIC.node] },
  crc: DA_BLOCK.crc,
  owner: DA_BLOCK.owner,
  blkno: DA_BLOCK.blkno,
};
const VALUE_BLOCK: SelfDescription = {
  magic: { field: ATTR_VALUE_BLOCK.rm_magic, values: [XFS_ATTR3_RMT_MAGIC] },
  crc: ATTR_VALUE_BLOCK.rm_crc,
  owner: ATTR_VALUE_BLOCK.rm_owner,
  blkno: ATTR_VALUE_BLOCK.rm_blkno,
};
/** Most levels of nodes (XFS_DA_NODE_MAXDEPTH). */
const MOST_LEVELS = 5;

/** All attributes of an inode, whatever they are for. Throws E_INVALID_FILESYSTEM if one is broken. */
export function xattrEntries(volume: Volume, inode: XfsInode): DiskXattr[] {
  const fork = inode.attributes;
  if (fork === undefined) return [];
  if (fork.format === "local") return shortEntries(fork.bytes, inodeName(inode.number));
  if (fork.format === "extents" && fork.extents === 0) return [];
  return new AttributeBlocks(volume, inode, fork).entries();
}

function shortEntries(bytes: Uint8Array, where: string): DiskXattr[] {
  const view = viewOf(bytes);
  const { totsize, count } = decode(SHORT_ATTRIBUTES, view, 0);
  if (totsize > bytes.length) throw broken(where, "its attributes are cut short");
  const entries: DiskXattr[] = [];
  let at = SHORT_ATTRIBUTES_HEADER;
  for (let i = 0; i < count; i++) {
    const nameAt = at + SHORT_ATTRIBUTE_HEADER;
    const { namelen, valuelen, flags } =
      nameAt <= totsize ? decode(SHORT_ATTRIBUTE, view, at) : { namelen: 0, valuelen: 0, flags: 0 };
    const end = nameAt + namelen + valuelen;
    if (namelen === 0 || end > totsize) throw broken(where, "an attribute is cut short");
    entries.push({
      flags,
      name: Buffer.from(bytes.subarray(nameAt, nameAt + namelen)).toString("latin1"),
      value: bytes.slice(nameAt + namelen, end),
    });
    at = end;
  }
  return entries;
}

/** The blocks of an attribute fork: leaves in a row, nodes above them if there are several, and values. */
class AttributeBlocks {
  readonly #volume: Volume;
  readonly #inode: XfsInode;
  /** The filesystem's block for each of the fork's. */
  readonly #blocks = new Map<number, number>();

  constructor(volume: Volume, inode: XfsInode, fork: Fork) {
    this.#volume = volume;
    this.#inode = inode;
    const all = forkBlocks(volume, inode, fork, Number.POSITIVE_INFINITY);
    for (const { logical, fsblock } of unpaused(all)) this.#blocks.set(logical, fsblock);
  }

  entries(): DiskXattr[] {
    const entries: DiskXattr[] = [];
    const seen = new Set<number>();
    let leaf = this.#firstLeaf();
    do {
      if (seen.has(leaf)) throw broken(this.#where(leaf), "the leaves go in a circle");
      seen.add(leaf);
      const bytes = this.#hashed(leaf);
      entries.push(...this.#entriesIn(bytes, this.#where(leaf)));
      leaf = DA_BLOCK.forw.get(viewOf(bytes), 0);
    } while (leaf !== 0);
    return entries;
  }

  #firstLeaf(): number {
    let block = 0;
    for (let depth = 0; depth <= MOST_LEVELS; depth++) {
      const view = viewOf(this.#hashed(block));
      if (DA_BLOCK.magic.get(view, 0) === DA_MAGIC.attrLeaf) return block;
      if (DA_NODE.count.get(view, 0) === 0) throw broken(this.#where(block), "a node has nothing below it");
      block = DA_NODE_ENTRY.before.get(view, DA_ENTRIES_OFFSET);
    }
    throw broken(this.#where(block), "it is too far below the root");
  }

  #entriesIn(bytes: Uint8Array, where: string): DiskXattr[] {
    const view = viewOf(bytes);
    if (DA_BLOCK.magic.get(view, 0) !== DA_MAGIC.attrLeaf) throw broken(where, "it is no leaf");
    const count = ATTR_LEAF.count.get(view, 0);
    if (ATTR_ENTRIES_OFFSET + count * ATTR_ENTRY_SIZE > bytes.length) throw broken(where, "it is too short");
    return Array.from({ length: count }, (_, i) => {
      const { nameidx, flags } = decode(ATTR_ENTRY, view, ATTR_ENTRIES_OFFSET + i * ATTR_ENTRY_SIZE);
      const isLocal = (flags & ATTR_FLAG.local) !== 0;
      return isLocal
        ? localEntry(bytes, nameidx, flags, where)
        : this.#remoteEntry(bytes, nameidx, flags, where);
    });
  }

  #remoteEntry(bytes: Uint8Array, at: number, flags: number, where: string): DiskXattr {
    if (at + ATTR_REMOTE_HEADER > bytes.length) throw broken(where, "an attribute is cut short");
    const { valueblk, valuelen, namelen } = decode(ATTR_REMOTE, viewOf(bytes), at);
    const name = nameAt(bytes, at + ATTR_REMOTE_HEADER, namelen, where);
    // Without a block it was never finished, and is none (XFS_ATTR_INCOMPLETE).
    const value = valueblk === 0 ? new Uint8Array() : this.#value(valueblk, valuelen);
    return { flags, name, value };
  }

  /** A value from a block of the fork on. */
  #value(first: number, length: number): Uint8Array {
    if (length > XATTR_SIZE_MAX) throw broken(this.#where(first), `an attribute's value has ${length} bytes`);
    const value = new Uint8Array(length);
    let done = 0;
    for (let block = first; done < length; block++) {
      const where = this.#where(block);
      const bytes = this.#block(block, VALUE_BLOCK);
      const { rm_offset, rm_bytes } = decode(ATTR_VALUE_BLOCK, viewOf(bytes), 0);
      const isNext = rm_offset === done && rm_bytes > 0 && done + rm_bytes <= length;
      if (!isNext || ATTR_VALUE_HEADER + rm_bytes > bytes.length) {
        throw broken(where, "it is another part of the value");
      }
      value.set(bytes.subarray(ATTR_VALUE_HEADER, ATTR_VALUE_HEADER + rm_bytes), done);
      done += rm_bytes;
    }
    return value;
  }

  #hashed(block: number): Uint8Array {
    return this.#block(block, HASHED_BLOCK);
  }

  #block(logical: number, description: SelfDescription): Uint8Array {
    const where = this.#where(logical);
    const fsblock = this.#blocks.get(logical);
    if (fsblock === undefined) throw broken(where, "there is none");
    const bytes = this.#volume.block(fsblock, where);
    this.#volume.check(bytes, description, fsblock, this.#inode.number, where);
    return bytes;
  }

  #where(logical: number): string {
    return `${inodeName(this.#inode.number)}, attribute block ${logical}`;
  }
}

function localEntry(bytes: Uint8Array, at: number, flags: number, where: string): DiskXattr {
  if (at + ATTR_LOCAL_HEADER > bytes.length) throw broken(where, "an attribute is cut short");
  const { valuelen, namelen } = decode(ATTR_LOCAL, viewOf(bytes), at);
  const name = nameAt(bytes, at + ATTR_LOCAL_HEADER, namelen, where);
  const valueAt = at + ATTR_LOCAL_HEADER + namelen;
  if (valueAt + valuelen > bytes.length) throw broken(where, "an attribute's value is cut short");
  return { flags, name, value: bytes.slice(valueAt, valueAt + valuelen) };
}

function nameAt(bytes: Uint8Array, at: number, length: number, where: string): string {
  if (at + length > bytes.length) throw broken(where, "an attribute's name is cut short");
  return Buffer.from(bytes.subarray(at, at + length)).toString("latin1");
}
