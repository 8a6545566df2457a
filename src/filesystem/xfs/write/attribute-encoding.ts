/** An inode's attributes as bytes. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { encode, viewOf } from "../../../blocks/field.ts";
import {
  ATTR_ENTRIES_OFFSET,
  ATTR_ENTRY,
  ATTR_ENTRY_SIZE,
  ATTR_FLAG,
  ATTR_FREE,
  ATTR_FREE_OFFSET,
  ATTR_LEAF,
  ATTR_LOCAL,
  ATTR_LOCAL_HEADER,
  ATTR_REMOTE,
  ATTR_REMOTE_HEADER,
  ATTR_VALUE_BLOCK,
  ATTR_VALUE_BYTES,
  ATTR_VALUE_HEADER,
  SHORT_ATTRIBUTE,
  SHORT_ATTRIBUTE_HEADER,
  SHORT_ATTRIBUTES,
  SHORT_ATTRIBUTES_HEADER,
  XFS_ATTR3_RMT_MAGIC,
} from "../format/attribute.ts";
import { DA_MAGIC } from "../format/da-block.ts";
import {
  type AttributeBlocks,
  type AttributeLayout,
  type LeafAttribute,
  valueBlocks,
} from "./attribute-layout.ts";
import { type DaPlace, daBlocks, encodeDaHeader, encodeDaNode, placeAt } from "./da-tree.ts";
import { type Owner, sealDaBlock, sealValueBlock } from "./owner.ts";

/** Writes the form inside the inode, all zero so far. */
export function encodeShortAttributes({ entries, shortBytes }: AttributeLayout, fork: Uint8Array): void {
  const view = viewOf(fork);
  SHORT_ATTRIBUTES.totsize.put(view, 0, shortBytes);
  SHORT_ATTRIBUTES.count.put(view, 0, entries.length);
  let at = SHORT_ATTRIBUTES_HEADER;
  for (const { flags, name, value } of entries) {
    encode(SHORT_ATTRIBUTE, view, at, { namelen: name.length, valuelen: value.length, flags });
    at += SHORT_ATTRIBUTE_HEADER;
    putBytes(fork, at, name, value);
    at += name.length + value.length;
  }
}

function putBytes(bytes: Uint8Array, at: number, name: string, value: Uint8Array): void {
  for (let i = 0; i < name.length; i++) bytes[at + i] = name.charCodeAt(i);
  bytes.set(value, at + name.length);
}

/** Writes the fork's block `logical`, which lies at `block`, into a block of zeros. */
export function encodeAttributeBlock(
  attributes: AttributeBlocks,
  logical: number,
  block: number,
  owner: Owner,
  bytes: Uint8Array,
): void {
  const { leaves, tree } = attributes;
  if (logical >= daBlocks(tree)) {
    encodeValueBlock(attributes, logical, bytes);
    sealValueBlock(bytes, block, owner);
    return;
  }
  const place = placeAt(tree, logical);
  if (place.level > 0) encodeDaNode(tree, place, 0, (leaf) => leaves[leaf]?.at(-1)?.hash ?? 0, bytes);
  else encodeLeaf(attributes, place, bytes);
  sealDaBlock(bytes, block, owner);
}

/** Entries from the beginning, names and values from the end, what is free between them. */
function encodeLeaf({ leaves, tree }: AttributeBlocks, place: DaPlace, bytes: Uint8Array): void {
  const entries = leaves[place.place] ?? [];
  encodeDaHeader(tree, place, 0, DA_MAGIC.attrLeaf, bytes);
  const view = viewOf(bytes);
  let from = BLOCK_SIZE;
  for (const [i, entry] of entries.entries()) {
    from -= entry.size;
    const isLocal = entry.valueBlock === undefined;
    const flags = entry.flags | (isLocal ? ATTR_FLAG.local : 0);
    const at = ATTR_ENTRIES_OFFSET + i * ATTR_ENTRY_SIZE;
    encode(ATTR_ENTRY, view, at, { hashval: entry.hash, nameidx: from, flags });
    if (isLocal) putLocal(bytes, from, entry);
    else putRemote(bytes, from, entry);
  }
  const base = ATTR_ENTRIES_OFFSET + entries.length * ATTR_ENTRY_SIZE;
  encode(ATTR_LEAF, view, 0, { count: entries.length, usedbytes: BLOCK_SIZE - from, firstused: from });
  encode(ATTR_FREE, view, ATTR_FREE_OFFSET, { base, size: from - base });
}

function putLocal(bytes: Uint8Array, at: number, { name, value }: LeafAttribute): void {
  encode(ATTR_LOCAL, viewOf(bytes), at, { valuelen: value.length, namelen: name.length });
  putBytes(bytes, at + ATTR_LOCAL_HEADER, name, value);
}

function putRemote(bytes: Uint8Array, at: number, { name, value, valueBlock = 0 }: LeafAttribute): void {
  const fields = { valueblk: valueBlock, valuelen: value.length, namelen: name.length };
  encode(ATTR_REMOTE, viewOf(bytes), at, fields);
  putBytes(bytes, at + ATTR_REMOTE_HEADER, name, new Uint8Array());
}

function encodeValueBlock({ remote }: AttributeBlocks, logical: number, bytes: Uint8Array): void {
  const entry = remote.find(
    ({ valueBlock = 0, value }) => logical >= valueBlock && logical < valueBlock + valueBlocks(value),
  );
  if (entry === undefined) return;
  const offset = (logical - (entry.valueBlock ?? 0)) * ATTR_VALUE_BYTES;
  const part = entry.value.subarray(offset, offset + ATTR_VALUE_BYTES);
  const head = { rm_magic: XFS_ATTR3_RMT_MAGIC, rm_offset: offset, rm_bytes: part.length };
  encode(ATTR_VALUE_BLOCK, viewOf(bytes), 0, head);
  bytes.set(part, ATTR_VALUE_HEADER);
}
