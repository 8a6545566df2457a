/** How an inode's attributes are spread: inside the inode, or in leaves by hash with large values behind them. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import {
  ATTR_ENTRIES_OFFSET,
  ATTR_ENTRY_SIZE,
  ATTR_LOCAL_HEADER,
  ATTR_LOCAL_LIMIT,
  ATTR_NAME_ALIGN,
  ATTR_REMOTE_COST,
  ATTR_VALUE_BYTES,
  LONGEST_SHORT_VALUE,
  SHORT_ATTRIBUTE_HEADER,
  SHORT_ATTRIBUTES_HEADER,
} from "../format/attribute.ts";
import { nameHash } from "../format/name-hash.ts";
import type { AttributeEntry } from "./attribute-entries.ts";
import { type DaTree, daBlocks, daTree } from "./da-tree.ts";

export interface AttributeLayout {
  readonly entries: readonly AttributeEntry[];
  /** Bytes of the form inside the inode; infinite where a value is too long for it. */
  readonly shortBytes: number;
}

/** An attribute in a leaf. */
export interface LeafAttribute extends AttributeEntry {
  readonly hash: number;
  /** Bytes of name and value in the leaf. */
  readonly size: number;
  /** The block of the fork that the value begins at, where it lies outside of the leaf. */
  readonly valueBlock: number | undefined;
}

export interface AttributeBlocks {
  /** For each leaf its attributes by hash. */
  readonly leaves: readonly (readonly LeafAttribute[])[];
  readonly tree: DaTree;
  /** Attributes with values outside, in the order of these. */
  readonly remote: readonly LeafAttribute[];
  /** Blocks of the fork. */
  readonly blocks: number;
}

export function attributeLayout(entries: readonly AttributeEntry[]): AttributeLayout {
  let shortBytes = SHORT_ATTRIBUTES_HEADER;
  for (const { name, value } of entries) {
    shortBytes += SHORT_ATTRIBUTE_HEADER + name.length + value.length;
    if (value.length > LONGEST_SHORT_VALUE) shortBytes = Number.POSITIVE_INFINITY;
  }
  return { entries, shortBytes };
}

/** Blocks that a value fills. */
export function valueBlocks(value: Uint8Array): number {
  return Math.ceil(value.length / ATTR_VALUE_BYTES);
}

/** The blocks of the fork: leaves and what is above them, then values. */
export function attributeBlocks({ entries }: AttributeLayout): AttributeBlocks {
  const sorted = entries
    .map((entry) => ({ ...entry, ...sizeOf(entry), hash: nameHash(entry.name) }))
    .sort((a, b) => a.hash - b.hash);
  const packed = pack(sorted);
  const tree = daTree(packed.length);
  let blocks = daBlocks(tree);
  const remote: LeafAttribute[] = [];
  const leaves = packed.map((leaf) =>
    leaf.map(({ isLocal, ...entry }): LeafAttribute => {
      if (isLocal) return { ...entry, valueBlock: undefined };
      const placed = { ...entry, valueBlock: blocks };
      blocks += valueBlocks(entry.value);
      remote.push(placed);
      return placed;
    }),
  );
  return { leaves, tree, remote, blocks };
}

function sizeOf({ name, value }: AttributeEntry): { readonly isLocal: boolean; readonly size: number } {
  const local = roundUp(ATTR_LOCAL_HEADER + name.length + value.length);
  if (local < ATTR_LOCAL_LIMIT) return { isLocal: true, size: local };
  return { isLocal: false, size: roundUp(ATTR_REMOTE_COST + name.length) };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ATTR_NAME_ALIGN) * ATTR_NAME_ALIGN;
}

/** As many in a leaf as fit, one after the other. */
function pack<T extends { readonly size: number }>(entries: readonly T[]): readonly (readonly T[])[] {
  const leaves: T[][] = [];
  let room = 0;
  for (const entry of entries) {
    const space = ATTR_ENTRY_SIZE + entry.size;
    if (space > room) {
      leaves.push([]);
      room = BLOCK_SIZE - ATTR_ENTRIES_OFFSET;
    }
    leaves.at(-1)?.push(entry);
    room -= space;
  }
  return leaves;
}
