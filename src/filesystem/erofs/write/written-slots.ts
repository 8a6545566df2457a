/** What became of the slots that were written while contents streamed. */
import { BLOCK_SIZE } from "../../../blocks/blocks.ts";
import { assert } from "../../../errors.ts";
import { type RegularFile, writtenSlot } from "../../../tree/inode.ts";
import type { Steps } from "../../../waiting/steps.ts";
import type { FileRest } from "../../kind/kind.ts";
import { EXTENDED_INODE_SIZE, SLOT_SIZE } from "../format/inode.ts";
import type { PlannedInodes, SlottedFile } from "./planned-inode.ts";
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

export function* writtenSlots(inodes: PlannedInodes, slots: SlotTable): Steps<WrittenSlots> {
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
  if (partial.size > 0) {
    for (const slotted of slottedFiles(inodes)) partial.get(blockOf(slotted.slot))?.push(slotted);
  }
  return { live, places, dead: [...partial].flatMap(([block, files]) => deadBytes(block, files)) };
}

/** Bytes that files have in each of so many blocks. */
export function liveBytes(inodes: PlannedInodes, blocks: number): Int32Array {
  const bytes = new Int32Array(blocks);
  for (const { file, slot } of slottedFiles(inodes)) {
    bytes[blockOf(slot)] = (bytes[blockOf(slot)] ?? 0) + slotSize(file);
  }
  return bytes;
}

/** Files whose inodes were written with their contents, in their order. */
export function* slottedFiles(inodes: PlannedInodes): Generator<SlottedFile, undefined> {
  for (let index = 0; index < inodes.length; index++) {
    const file = inodes.node(index);
    const slot = inodes.slot(index);
    if (file?.type === "file" && slot !== undefined) yield { index, file, slot };
  }
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
  const { size } = file;
  const slot = writtenSlot(file);
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
