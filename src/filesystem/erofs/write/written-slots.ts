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

/** @param bytes as of `liveBytes` */
export function* writtenSlots(
  inodes: PlannedInodes,
  slots: SlotTable,
  bytes: Int32Array,
): Steps<WrittenSlots> {
  const live: number[] = [];
  const places: number[] = [];
  const partial = new Map<number, SlottedFile[]>();
  for (let block = 0; block < bytes.length; block++) {
    const length = bytes[block] ?? 0;
    if (length === 0) continue;
    const place = slots.places[block] ?? -1;
    const all = slots.used[block] ?? 0;
    assert(length <= all && place >= 0, "a file has a slot that was not written");
    live.push(block);
    places.push(place);
    if (length < all) partial.set(block, []);
  }
  yield;
  if (partial.size > 0) {
    forSlottedFiles(inodes, (file, slot, index) => partial.get(blockOf(slot))?.push({ index, file, slot }));
  }
  return { live, places, dead: [...partial].flatMap(([block, files]) => deadBytes(block, files)) };
}

/** Bytes that files have in each of so many blocks. */
export function liveBytes(inodes: PlannedInodes, blocks: number): Int32Array {
  const bytes = new Int32Array(blocks);
  forSlottedFiles(inodes, (file, slot) => {
    const block = blockOf(slot);
    bytes[block] = (bytes[block] ?? 0) + slotSize(file);
  });
  return bytes;
}

/** For each file whose inode was written with its contents, in their order. */
export function forSlottedFiles(
  inodes: PlannedInodes,
  use: (file: RegularFile, slot: number, index: number) => void,
): void {
  for (let index = 0; index < inodes.length; index++) {
    const slot = inodes.slot(index);
    const file = slot === undefined ? undefined : inodes.node(index);
    if (slot !== undefined && file?.type === "file") use(file, slot, index);
  }
}

/** The slots between those files, and behind the last of them. */
function deadBytes(block: number, files: readonly SlottedFile[]): DeadBytes[] {
  const dead: DeadBytes[] = [];
  const bySlot = [...files].sort((a, b) => a.slot - b.slot);
  let offset = 0;
  for (const { file, slot } of bySlot) {
    const start = offsetOf(slot);
    if (start > offset) dead.push({ block, offset, length: start - offset });
    // What is left of a file's last slot nobody has written to.
    offset = start + Math.ceil(slotSize(file) / SLOT_SIZE) * SLOT_SIZE;
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
