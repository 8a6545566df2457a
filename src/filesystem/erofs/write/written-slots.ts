/** What became of the slots that were written while contents streamed. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { assert } from "../../../errors.ts";
import type { RegularFile } from "../../../tree/inode.ts";
import type { Steps } from "../../../waiting/steps.ts";
import type { FileRest } from "../../kind/kind.ts";
import { EXTENDED_INODE_SIZE, SLOT_SIZE } from "../format/inode.ts";
import type { PlannedInode, SlottedFile } from "./planned-inode.ts";
import { SLOTS_PER_BLOCK, type SlotTable } from "./slots.ts";
import { bodySize, NO_ATTRIBUTES, ownXattrs } from "./xattrs.ts";

/** Bytes of a block with slots that no file has any more. */
export interface DeadBytes {
  /** The block's number among those with slots. */
  readonly block: number;
  readonly offset: number;
  readonly length: number;
}

export interface WrittenSlots {
  /** Numbers of the blocks that have files, and where each lies. */
  readonly live: readonly number[];
  readonly places: readonly number[];
  readonly dead: readonly DeadBytes[];
}

export function* writtenSlots(inodes: readonly PlannedInode[], slots: SlotTable): Steps<WrittenSlots> {
  const bytes = liveBytes(inodes, slots.places.length);
  yield;
  const live: number[] = [];
  const places: number[] = [];
  const partial = new Map<number, SlottedFile[]>();
  for (const [block, length] of bytes.entries()) {
    const [place = -1, all = 0] = [slots.places[block], slots.used[block]];
    if (length === 0) continue;
    assert(length <= all && place >= 0, "a file has a slot that was not written");
    live.push(block);
    places.push(place);
    if (length < all) partial.set(block, []);
  }
  yield;
  for (const planned of partial.size === 0 ? [] : inodes) {
    const { node, slot } = planned;
    if (node.type === "file" && slot !== undefined)
      partial.get(blockOf(slot))?.push({ planned, file: node, slot });
  }
  return { live, places, dead: [...partial].flatMap(([block, files]) => deadBytes(block, files)) };
}

/** Bytes that files have in each of so many blocks. */
export function liveBytes(inodes: readonly PlannedInode[], blocks: number): Int32Array {
  const bytes = new Int32Array(blocks);
  for (const { node, slot } of inodes) {
    if (node.type !== "file" || slot === undefined) continue;
    bytes[blockOf(slot)] = (bytes[blockOf(slot)] ?? 0) + slotSize(node);
  }
  return bytes;
}

/** What is between those files, and behind the last of them. */
function deadBytes(block: number, files: readonly SlottedFile[]): DeadBytes[] {
  const dead: DeadBytes[] = [];
  const bySlot = [...files].sort((a, b) => a.slot - b.slot);
  let offset = 0;
  for (const { file, slot } of bySlot) {
    const start = offsetOf(slot);
    if (start > offset) dead.push({ block, offset, length: start - offset });
    offset = start + slotSize(file);
  }
  if (offset < BLOCK_SIZE) dead.push({ block, offset, length: BLOCK_SIZE - offset });
  return dead;
}

/** Bytes that the inode, its attributes and the last bytes of the file take. */
export function slotSize(file: RegularFile): number {
  return headSize(file) + (file.size % BLOCK_SIZE);
}

function headSize({ metadata }: RegularFile): number {
  return EXTENDED_INODE_SIZE + bodySize(ownXattrs(metadata.xattrs) ?? NO_ATTRIBUTES);
}

/** Where the last bytes of a file are; undefined if it has no slot. */
export function restOf(file: RegularFile, { places }: SlotTable): FileRest | undefined {
  const { slot = file.packed?.slot, size } = file;
  if (slot === undefined) return undefined;
  const start = (places[blockOf(slot)] ?? 0) * BLOCK_SIZE + offsetOf(slot);
  return { position: start + headSize(file), length: size % BLOCK_SIZE };
}

export function blockOf(slot: number): number {
  return Math.floor(slot / SLOTS_PER_BLOCK);
}

/** Byte of the block that the slot begins with. */
export function offsetOf(slot: number): number {
  return (slot % SLOTS_PER_BLOCK) * SLOT_SIZE;
}
